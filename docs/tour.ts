/** The README's tour (`npm run demo`): a maintenance of one node, from the first look to giving it back, on the practice cluster. */
import { spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { kubectlPath } from "../test/kubectl.ts";

interface Stop {
  /** What follows `kubectl`. */
  readonly line: string;
  readonly why: string;
  /** Exit codes with which the tour goes on. */
  readonly expected: readonly number[];
}

const node = "worker-1";
/** Without a terminal nobody can be asked. */
const consent = process.stdin.isTTY && process.stderr.isTTY ? "" : " --yes";

const tour: readonly Stop[] = [
  { line: "get nodes", why: "A cluster with virtual machines. kubectl shows its nodes …", expected: [0] },
  { line: "vmnode list", why: "… and vmnode shows their VMs.", expected: [0] },
  { line: `vmnode list ${node}`, why: `These run on ${node}, which needs service:`, expected: [0] },
  {
    line: `vmnode check ${node}`,
    why: "Could it be drained? What would happen to each VM, and what stands in the way? (Exit code 3: not all can leave.)",
    expected: [3],
  },
  {
    line: "delete vm cluster-node -n legacy",
    why: "legacy/cluster-node belongs to somebody else (strategy External), who takes it away:",
    expected: [0],
  },
  {
    line: `vmnode drain ${node} --reason 'swap a DIMM' --skip-blocked --timeout 10m${consent}`,
    why: "Drain it, and leave behind what cannot leave. (Exit code 4: incomplete, with what is left.)",
    expected: [0, 4],
  },
  { line: "vmnode list", why: "The VMs have moved:", expected: [0] },
  { line: `vmnode uncordon ${node}`, why: "The service is done: give the node back.", expected: [0] },
];

const inside = process.argv[2] === "inside";
process.exitCode = inside ? walk() : startCluster();

/** Runs this file again, inside a practice cluster, with kubectl and the plugin on PATH. */
function startCluster(): number {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const path = [join(root, "dist"), dirname(kubectlPath()), process.env.PATH ?? ""].join(delimiter);
  const practice = ["practice", "--scenario", "maintenance", "--speed", "5", "--"];
  return run(
    join(root, "dist", "kubectl-vmnode"),
    [...practice, process.execPath, fileURLToPath(import.meta.url), "inside"],
    path,
  );
}

function walk(): number {
  for (const { line, why, expected } of tour) {
    process.stdout.write(`\n# ${why}\n$ kubectl ${line}\n`);
    const code = run("kubectl", words(line), process.env.PATH ?? "");
    if (!expected.includes(code)) {
      process.stdout.write(`\nThe tour ends here: exit code ${code}\n`);
      return code === 0 ? 1 : code;
    }
  }
  process.stdout.write("\nThe tour is over. Start a cluster of your own with: dist/kubectl-vmnode practice\n");
  return 0;
}

function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
}

function run(program: string, args: readonly string[], path: string): number {
  const { status, error } = spawnSync(program, args, { stdio: "inherit", env: { ...process.env, PATH: path } });
  if (error !== undefined) throw error;
  return status ?? 130;
}
