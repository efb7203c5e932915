/** What makes a start slow, in figures that do not flicker: the size of the bundle, what is evaluated, and what is asked of the server. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bundle, bundleFiles, root } from "../../krew/bundle.ts";
import { fleet } from "../../lib/practice/scenarios/fleet.ts";
import { type CountingRelay, countingRelay } from "../counting-relay.ts";
import { runToEnd } from "../finished.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { executable, placeExecutable, runPiped } from "../terminal/session.ts";
import { type NotedBundle, notedBundle, type Start } from "./evaluated.ts";

let noted: NotedBundle;
let cluster: TestCluster;

beforeAll(async () => {
  [noted, cluster] = await Promise.all([notedBundle(), startCluster("maintenance")]);
});
afterAll(async () => {
  noted.remove();
  await cluster.close();
});

test("what every start loads stays below 600 KB, and before the version is said below 4 KB", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "vmnode-size-"));
  await bundle({ entry: path.join(root, "cmd/main.ts"), outdir: directory });
  const sizeOf = (file: string) => statSync(path.join(directory, file)).size;
  expect(sizeOf(bundleFiles.start)).toBeLessThan(4_000);
  expect(sizeOf(bundleFiles.start) + sizeOf(bundleFiles.program)).toBeLessThan(600_000);
  await rm(directory, { recursive: true });
});

interface Evaluated {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  readonly modules: readonly string[];
}

/** Starts that are no command lines of their own. */
const otherStarts: Readonly<Record<string, Start>> = {
  "(the menu)": { words: [], until: "Which node?" },
  "(completion of a command)": { words: ["dr"], as: "kubectl_complete-vmnode" },
  "(completion of a node)": { words: ["drain", ""], as: "kubectl_complete-vmnode" },
};
/** What is evaluated does not depend on how busy the machine is. */
const patient = { KUBECTL_VMNODE_COMPLETION_TIMEOUT: "20s" };
const found = new Map<string, Promise<readonly string[]>>();

/** What a start evaluates; each is started once. */
function evaluatedBy(line: string): Promise<readonly string[]> {
  const start = otherStarts[line] ?? { words: line.split(" ") };
  const known = found.get(line) ?? noted.evaluated({ ...start, env: { ...patient, ...cluster.env } });
  found.set(line, known);
  return known;
}

/** What was evaluated: our rooms (`cmd` without what defines the commands), and packages. */
async function evaluated(commandLine: string): Promise<Evaluated> {
  const noticed = await evaluatedBy(commandLine);
  const modules = noticed.filter((module) => module !== "krew/load-part.ts");
  const isOurs = (module: string) => /^(?:cmd|lib)\//.test(module);
  const rooms = modules.filter(isOurs).map((module) =>
    module
      .split("/")
      .slice(0, module.startsWith("lib/") ? 2 : 1)
      .join("/"),
  );
  return {
    rooms: [...new Set(rooms)].sort(),
    packages: modules.filter((module) => !isOurs(module)).sort(),
    modules,
  };
}

const forYargs = ["yargs", "yargs-parser"];
/** Where there are signs that are no ASCII, which have to be measured. */
const forWideText = ["ansi-regex", "is-fullwidth-code-point", "string-width", "strip-ansi"];
const forServer = ["@kubernetes/client-node", "js-yaml"];
const looking = ["cmd", "lib/kube", "lib/model", "lib/observe", "lib/platform", "lib/report", "lib/terminal"];
const helping = ["cmd", "lib/model", "lib/observe", "lib/report", "lib/terminal"];

describe("evaluated is what is used, and nothing else:", () => {
  test("--version needs a number", async () => {
    expect((await evaluated("--version")).modules).toEqual(["cmd/program-name.ts", "cmd/main.ts"]);
  });

  const helps = ["--help", "drain -h", "options"];
  test.each(helps)("%s needs the definitions, but no yargs and no command's code", async (line) => {
    const { rooms, packages, modules } = await evaluated(line);
    expect(packages).toEqual([]);
    expect(rooms).toEqual(helping);
    expect(modules.filter((module) => module.startsWith("lib/observe/"))).toEqual(["lib/observe/close-names.ts"]);
    expect(
      modules.filter((module) =>
        /^cmd\/(?:abort|check|completion|doctor|drain|list|practice|recover|uncordon|menu)\.ts$/.test(module),
      ),
    ).toEqual([]);
  });

  const assessing = [...looking, "lib/assess"];
  const acting = [...assessing, "lib/act", "lib/decide"];

  const commandLines: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["list", looking, [...forServer, ...forYargs]],
    ["list worker-1", assessing, [...forServer, ...forYargs]],
    ["list -o wide", assessing, [...forServer, ...forYargs]],
    ["list -o json", looking, [...forServer, ...forYargs]],
    ["list -o name", looking, [...forServer, ...forYargs]],
    ["check worker-1", assessing, [...forServer, ...forYargs]],
    ["drain worker-1 --dry-run", acting, [...forServer, ...forYargs]],
    ["abort worker-1 --dry-run", acting, [...forServer, ...forYargs]],
    ["uncordon worker-1 --dry-run", acting, [...forServer, ...forYargs]],
    ["recover", acting, [...forServer, ...forYargs]],
    ["recover worker-1 --dry-run", acting, [...forServer, ...forYargs, ...forWideText]],
    ["doctor", looking, [...forServer, ...forYargs]],
    ["version", looking, [...forServer, ...forYargs]],
    ["version --client", helping, forYargs],
    ["completion", helping, forYargs],
    ["practice --list", [...helping, "lib/practice"], forYargs],
  ];

  test.each(commandLines)("%s", async (line, rooms, packages) => {
    const found = await evaluated(line);
    expect(found.rooms).toEqual(rooms.toSorted());
    expect(found.packages).toEqual(packages.toSorted());
    const forPeople = ["prompts", "live-view", "reporters"].map((name) => `lib/terminal/${name}.ts`);
    expect(found.modules.filter((module) => forPeople.includes(module))).toEqual([]);
    const otherCommands =
      /^cmd\/(?:abort|check|completion|doctor|drain|list|practice|recover|uncordon|menu|complete)\.ts$/;
    const own = `cmd/${line.split(" ")[0]}.ts`;
    expect(found.modules.filter((module) => otherCommands.test(module) && module !== own)).toEqual([]);
  });

  test("completion needs no yargs, no terminal and no command's code, and the server only for names", async () => {
    const ofCommand = await evaluated("(completion of a command)");
    const ofNode = await evaluated("(completion of a node)");
    expect(ofCommand.packages).toEqual([]);
    expect(ofCommand.rooms).not.toContain("lib/kube");
    expect(ofNode.packages).toEqual(forServer);
    for (const { modules } of [ofCommand, ofNode])
      expect(
        modules.filter((module) => /^cmd\/(?:drain|list|menu)\.ts$|^lib\/(?:assess|decide|act)/.test(module)),
      ).toEqual([]);
  });

  test("documents for programs are printed without what draws tables", async () => {
    for (const line of ["list -o json", "list -o name"])
      expect(
        (await evaluated(line)).modules.filter((module) => /^lib\/report\/(?:list|table)\.ts$/.test(module)),
      ).toEqual([]);
  });

  // Whoever adds an import sees here which starts it makes slower: `vitest run test/artifact/startup.test.ts -u` writes the list anew.
  test("by each start, module by module, what evaluated.txt says", { timeout: 120_000 }, async () => {
    const lines = [
      "--version",
      ...helps,
      ...commandLines.map(([line]) => line),
      "practice -- true",
      ...Object.keys(otherStarts),
    ];
    const starts = new Map<string, string[]>();
    for (const line of lines)
      for (const module of await evaluatedBy(line)) starts.set(module, [...(starts.get(module) ?? []), line]);
    const rows = [...starts].map(([module, by]) => `${module}: ${among(lines, by)}`).sort();
    const text = ["# Which module is evaluated by which start.", "", ...lines, "", ...rows, ""].join("\n");
    await expect(text).toMatchFileSnapshot("evaluated.txt");
  });
});

/** Those named, or all but those that are not, whichever is shorter. */
function among(lines: readonly string[], named: readonly string[]): string {
  const others = lines.filter((line) => !named.includes(line));
  if (others.length === 0) return "all";
  return others.length < named.length ? `all but ${others.join(", ")}` : named.join(", ");
}

describe("a command asks the server only for what it shows", () => {
  let relay: CountingRelay;
  const folder = mkdtempSync(path.join(tmpdir(), "vmnode-asked-"));
  const completer = path.join(folder, `kubectl_complete-vmnode${path.extname(executable)}`);

  beforeAll(async () => {
    placeExecutable(completer);
    relay = await countingRelay(cluster.cluster.server.port);
  });
  afterAll(() => {
    relay.close();
    rmSync(folder, { recursive: true });
  });

  const withoutQuery = (requests: readonly string[]) => requests.map((request) => request.replace(/\?.*/, ""));
  const migrations = { group: "kubevirt.io", resource: "virtualmachineinstancemigrations" };
  const somethingMoves = () =>
    cluster.cluster.store
      .list(migrations)
      .some(({ status }) => !["Succeeded", "Failed"].includes(status?.phase ?? "Pending"));

  async function askedBy(file: string, words: readonly string[]) {
    relay.connections = 0;
    const { requests } = cluster.cluster;
    const before = requests.length;
    const env = {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      KUBECTL_VMNODE_COMPLETION_TIMEOUT: "20s",
      ...cluster.env,
    };
    const { code, stdout } = await runToEnd(file, words, { env });
    const own = requests.slice(before).filter(({ userAgent }) => userAgent.startsWith("kubectl-vmnode"));
    const asked = own.map(({ method, url }) => `${method} ${url}`).sort();
    return { code, stdout, connections: relay.connections, requests: asked };
  }

  const asked = (commandLine: string) => askedBy(executable, [...commandLine.split(" "), "--server", relay.address]);

  test.each([
    ["list", ["GET /api/v1/nodes", "GET /apis", "GET /apis/kubevirt.io/v1/virtualmachineinstances"]],
    ["recover", ["GET /api/v1/nodes", "GET /apis", "GET /apis/kubevirt.io/v1/virtualmachineinstances"]],
    ["version", ["GET /apis", "GET /apis/kubevirt.io/v1/kubevirts", "GET /version"]],
  ])("%s: three requests", async (line, expected) => {
    const { code, connections: opened, requests } = await asked(line);
    expect({ code, requests: withoutQuery(requests) }).toEqual({ code: 0, requests: expected });
    expect(opened).toBeLessThanOrEqual(2);
  });

  // Exactly what they make now: whoever adds a request says here what it is worth.
  test.each([
    ["abort worker-1 --dry-run", 0, 24],
    ["uncordon worker-1 --dry-run", 0, 25],
    ["recover worker-1 --dry-run", 3, 28],
  ])("%s: two connections, and so many requests", async (line, expected, figure) => {
    await vi.waitUntil(() => !somethingMoves(), { timeout: 20_000 });
    const { code, connections: opened, requests } = await asked(line);
    expect(opened).toBeLessThanOrEqual(2);
    expect(code).toBe(expected);
    expect(requests, requests.join("\n")).toHaveLength(figure);
  });

  test("doctor: two connections, a question for each right, one object of each kind that a check needs, and one dry-run eviction", async () => {
    const { connections: opened, requests } = await asked("doctor");
    expect(opened).toBeLessThanOrEqual(2);
    const reads = requests.filter((request) => request.startsWith("GET "));
    const whole = reads.filter((request) => !/[?&]limit=1(?:&|$)/.test(request));
    expect(withoutQuery(whole)).toEqual(["GET /apis", "GET /apis/kubevirt.io/v1/kubevirts", "GET /version"]);
    expect(reads.length - whole.length, reads.join("\n")).toBe(11);
    expect(requests.length - reads.length, requests.join("\n")).toBe(37);
  });

  const nodes = ["GET /api/v1/nodes?includeObject=None&limit=500"];
  const namespaces = ["GET /api/v1/namespaces?includeObject=None&limit=500"];
  test.each<[string, string, readonly string[]]>([
    ["drain |", "worker-1\tReady", nodes],
    ["uncordon worker-1 node/|", "node/worker-2\tReady", nodes],
    ["list -n |", "default\tActive", namespaces],
    ["list --namespace=|", "default\tActive", namespaces],
    ["list --context |", "practice\tcurrent", []],
    ["list --cluster |", "practice", []],
    ["drain --waive |", "ExternalStrategy\t", []],
    ["drain --reas|", "--reason\t", []],
    ["drai|", "drain\t", []],
  ])("a TAB at %s asks for what it offers, and for nothing else", async (typed, offered, expected) => {
    const words = typed.replace("|", "").split(" ");
    const { stdout, requests } = await askedBy(completer, ["--server", relay.address, ...words]);
    expect(stdout).toContain(offered);
    expect(requests).toEqual(expected);
  });

  test("list of a node reads nothing that it does not print", async () => {
    const { requests } = await asked("list worker-1");
    const unneeded = /^(?!GET)|\/version$|virtualmachineinstancemigrations\?includeObject|nodemaintenances|remediation/;
    expect(requests.filter((request) => unneeded.test(request))).toEqual([]);
  });

  test.each(["list worker-1", "check worker-1", "drain worker-1 --dry-run"])(
    "%s: two connections, nothing twice, and of pods and VMs only those concerned",
    async (line) => {
      const { connections: opened, requests } = await asked(line);
      expect(opened).toBeLessThanOrEqual(2);
      const reads = requests.filter((request) => request.startsWith("GET "));
      expect(reads.filter((request, index) => reads.indexOf(request) !== index)).toEqual([]);
      const ofAll = reads.filter((request) => /\/(?:pods|virtualmachineinstances)(?:\?|$)/.test(request));
      expect(ofAll.length).toBeGreaterThan(1);
      expect(ofAll.filter((request) => !/[?&](?:label|field)Selector=/.test(request))).toEqual([]);
      // What is read in a namespace grows with the node's own VMs; the rest does not grow.
      expect(reads.filter((request) => !request.includes("/namespaces/")).length).toBeLessThanOrEqual(16);
    },
  );

  test("--version and help ask nobody", async () => {
    for (const line of ["--version", "--help", "drain -h"]) {
      expect((await asked(line)).requests).toEqual([]);
      expect(relay.connections).toBe(0);
    }
  });
});

test("what a check of a node asks for does not grow with the rest of the cluster", async () => {
  async function costAmong(nodes: number): Promise<{ requests: number; bytes: number }> {
    const around = await startCluster(fleet({ nodes, machines: 30, machinesElsewhere: 4 }));
    const relay = await countingRelay(around.cluster.server.port);
    const { code } = await runPiped(["check", "worker-1", "--server", relay.address], around.env);
    expect(code).toBe(0);
    const own = around.cluster.requests.filter(({ userAgent }) => userAgent.startsWith("kubectl-vmnode"));
    relay.close();
    await around.close();
    return { requests: own.length, bytes: relay.bytes };
  }
  const smaller = await costAmong(60);
  const larger = await costAmong(180);
  expect(larger.requests).toBe(smaller.requests);
  // Names are longer where there are more.
  expect(larger.bytes / smaller.bytes).toBeLessThan(1.02);
});
