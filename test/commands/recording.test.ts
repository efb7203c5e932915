/** The README's recording shows the program as it is, and is a file that any page can show. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recorded } from "../../docs/recording/scenario.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { runCommand } from "./run.ts";

const columns = 88;
const recording = readFileSync(new URL("../../docs/recording.svg", import.meta.url), "utf8");
let world: TestCluster;

beforeAll(async () => {
  world = await startCluster(recorded, 1);
});
afterAll(() => world.close());

/** The lines that are shown at some time, without the letters that Kubernetes adds to the names of pods. */
const lines = new Set(
  [...recording.matchAll(/<g id="[^"]*">(<text.*?)<\/g>/g)].map(([, line = ""]) =>
    comparable([...line.matchAll(/>([^<>]+)</g)].map(([, run]) => run).join(" ")),
  ),
);

function comparable(line: string): string {
  return line
    .replaceAll("&gt;", ">")
    .replaceAll("&lt;", "<")
    .replaceAll("&amp;", "&")
    .replace(/(virt-launcher-\w+)-\w{5}\b/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

test("what check says there is what it says now (npm run recording makes it anew)", async () => {
  const { code, stdout } = await runCommand("check worker-1", world.env, { clock: world.clock, columns });
  expect(code).toBe(3);
  const said = stdout.split("\n").flatMap((line) => (line.length > columns ? line.match(/.{1,88}/g) : [line]));
  expect(said.filter((line) => line !== null && line.trim() !== "" && !lines.has(comparable(line)))).toEqual([]);
});

test("the budgets are cured by the commands that check prints, and the drain ends well", async () => {
  const { stdout } = await runCommand("check worker-1 -o json", world.env, { clock: world.clock });
  const typed = [...lines].join("\n").replaceAll("\n", "");
  const { nodes } = JSON.parse(stdout);
  const fixes: string[] = nodes[0].vms.flatMap((vm: { findings: { fix?: string; severity: string }[] }) =>
    vm.findings.filter(({ severity }) => severity === "blocker").map(({ fix }) => fix),
  );
  expect(fixes).toHaveLength(2);
  for (const fix of fixes) expect(typed).toContain(comparable(`$ ${fix}`));
  expect([...lines]).toEqual(expect.arrayContaining(["node/worker-1 cordoned", "node/worker-1 drained"]));
  expect(lines).toContainEqual(expect.stringMatching(/^worker-1 may be powered off/));
});

test("it is small, and needs nothing from anywhere", () => {
  expect(recording.length).toBeLessThan(200_000);
  expect(recording).not.toMatch(/<script|<foreignObject|@import|url\(/);
  expect([...recording.matchAll(/href="([^"]*)"/g)].filter(([, target = ""]) => !target.startsWith("#"))).toEqual([]);
  expect(recording.match(/https?:[^"]*/g)).toEqual(["http://www.w3.org/2000/svg"]);
});

test("every tag that is opened is closed", () => {
  const open: string[] = [];
  for (const [, end, name = "", empty] of recording.matchAll(/<(\/?)(\w+)(?:[^<>"]|"[^"]*")*?(\/?)>/g)) {
    if (end === "/") expect(open.pop()).toBe(name);
    else if (empty !== "/") open.push(name);
  }
  expect(open).toEqual([]);
});

test("whoever is not shown it can read what it shows, and nothing moves for those who want that", () => {
  expect(recording).toMatch(/<title>[^<]{40,}<\/title>/);
  expect(recording).toContain("prefers-reduced-motion");
  expect(recording).toContain("prefers-color-scheme:dark");
});
