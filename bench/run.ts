/** `npm run bench`: our figures beside those of kubectl and of a runbook, held against our limits. Each part is a script of its own. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const parts = {
  startup: "CPU time of a start",
  "large-cluster": "1,000 nodes and 10,000 VMs: CPU time, memory, requests and bytes",
  drain: "requests, time and memory of a drain of 100 VMs; takes ten minutes",
  recovery: "from consent to the last VM running, against the runbook",
};
type Part = keyof typeof parts;

const usage = `npm run bench [-- --only PART,PART --keep]
  --only       these parts alone:
${Object.entries(parts)
  .map(([name, about]) => `               ${name.padEnd(14)} ${about}`)
  .join("\n")}
  --keep       write what is found to bench/PART.md
Each part is also a script with flags of its own: node bench/drain.ts --help`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const names = Object.keys(parts) as Part[];
const chosen = values.only === undefined ? names : values.only.split(",");
const unknown = chosen.filter((name) => !names.includes(name as Part));
if (values.help || unknown.length > 0) {
  console.log(unknown.length > 0 ? `there is no part ${unknown.join(", ")}\n${usage}` : usage);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  for (const name of chosen) {
    console.log(`\n## ${parts[name as Part]}\n`);
    if (!(await measure(name, values.keep))) process.exitCode = 1;
  }
}

/** True when the part meets its limits. */
function measure(name: string, keep: boolean): Promise<boolean> {
  const words = [fileURLToPath(new URL(`${name}.ts`, import.meta.url)), ...(keep ? ["--keep"] : [])];
  return new Promise((resolve, reject) => {
    spawn(process.execPath, words, { stdio: "inherit" })
      .on("error", reject)
      .on("close", (code) => resolve(code === 0));
  });
}
