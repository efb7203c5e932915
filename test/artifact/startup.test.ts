/** What makes a start slow, in figures that do not flicker: the size of the bundle, what is evaluated, and what is asked of the server. */
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, bundleFiles, root } from "../../krew/bundle.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { runPiped } from "../terminal/session.ts";
import { type NotedBundle, notedBundle } from "./evaluated.ts";

let noted: NotedBundle;
let cluster: TestCluster;

beforeAll(async () => {
  [noted, cluster] = await Promise.all([notedBundle(), startCluster("maintenance")]);
});
afterAll(async () => {
  noted.remove();
  await cluster.close();
});

test("the bundle that every start loads stays below 600 KB", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "vmnode-size-"));
  await bundle({ entry: path.join(root, "cmd/main.ts"), outdir: directory });
  expect(statSync(path.join(directory, bundleFiles.program)).size).toBeLessThan(600_000);
  await rm(directory, { recursive: true });
});

interface Evaluated {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  readonly modules: readonly string[];
}

/** What was evaluated: our rooms (`cmd` without what defines the commands), and packages. */
async function evaluated(commandLine: string): Promise<Evaluated> {
  const modules = await noted.evaluated(commandLine.split(" "), cluster.env);
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

const forYargs = ["escalade", "get-caller-file", "y18n", "yargs", "yargs-parser"];
/** cli-table3 measures the sign for text that was cut, which is no ASCII. */
const forTables = ["ansi-regex", "cli-table3", "emoji-regex", "is-fullwidth-code-point", "string-width", "strip-ansi"];
const forServer = ["@kubernetes/client-node", "js-yaml", "rfc4648"];
const looking = ["cmd", "lib/kube", "lib/model", "lib/observe", "lib/platform", "lib/report", "lib/terminal"];

describe("evaluated is what is used, and nothing else:", () => {
  test("--version needs a terminal and a number", async () => {
    expect((await evaluated("--version")).modules).toEqual([
      "lib/model/exit-code.ts",
      "lib/model/errors.ts",
      "lib/report/sanitise.ts",
      "lib/report/style.ts",
      "lib/report/errors.ts",
      "lib/terminal/color.ts",
      "lib/terminal/output.ts",
      "lib/terminal/signals.ts",
      "lib/terminal/terminal.ts",
      "cmd/program-name.ts",
      "cmd/main.ts",
    ]);
  });

  test.each(["--help", "drain -h", "options"])(
    "%s needs the definitions, but no yargs and no command's code",
    async (line) => {
      const { rooms, packages, modules } = await evaluated(line);
      expect(packages).toEqual([]);
      expect(rooms).toEqual(["cmd", "lib/model", "lib/observe", "lib/report", "lib/terminal"]);
      expect(modules.filter((module) => module.startsWith("lib/observe/"))).toEqual(["lib/observe/close-names.ts"]);
      expect(
        modules.filter((module) =>
          /^cmd\/(?:abort|check|completion|doctor|drain|list|practice|recover|uncordon|menu)\.ts$/.test(module),
        ),
      ).toEqual([]);
    },
  );

  test.each([
    ["list", looking, [...forServer, ...forYargs, ...forTables]],
    ["list worker-1", [...looking, "lib/assess"], [...forServer, ...forYargs, ...forTables]],
    ["list -o json", looking, [...forServer, ...forYargs, ...forTables]],
    ["check worker-1", [...looking, "lib/assess"], [...forServer, ...forYargs]],
    ["version", looking, [...forServer, ...forYargs]],
    ["drain worker-1 --dry-run", [...looking, "lib/act", "lib/assess", "lib/decide"], [...forServer, ...forYargs]],
  ])("%s", async (line, rooms, packages) => {
    const found = await evaluated(line);
    expect(found.rooms).toEqual(rooms.toSorted());
    expect(found.packages).toEqual(packages.toSorted());
    const forPeople = ["prompts", "live-view", "reporters"].map((name) => `lib/terminal/${name}.ts`);
    expect(found.modules.filter((module) => forPeople.includes(module))).toEqual([]);
  });
});

describe("a command asks the server only for what it shows", () => {
  /** Between the program and the server: counts connections. */
  let between: Server;
  let connections = 0;
  let address = "";

  beforeAll(async () => {
    between = createServer((socket) => {
      connections += 1;
      const onward = connect(cluster.cluster.server.port, "127.0.0.1");
      socket.pipe(onward).pipe(socket);
      socket.on("error", () => onward.destroy());
      onward.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
    address = `https://127.0.0.1:${(between.address() as { port: number }).port}`;
  });
  afterAll(() => void between.close());

  const withoutQuery = (requests: readonly string[]) => requests.map((request) => request.replace(/\?.*/, ""));

  async function asked(commandLine: string): Promise<{ code: number; connections: number; requests: string[] }> {
    connections = 0;
    const { requests } = cluster.cluster;
    const before = requests.length;
    const { code } = await runPiped([...commandLine.split(" "), "--server", address], cluster.env);
    const own = requests.slice(before).filter(({ userAgent }) => userAgent.startsWith("kubectl-vmnode"));
    return { code, connections, requests: own.map(({ method, url }) => `${method} ${url}`).sort() };
  }

  test.each([
    ["list", ["GET /api/v1/nodes", "GET /apis", "GET /apis/kubevirt.io/v1/virtualmachineinstances"]],
    ["version", ["GET /apis", "GET /apis/kubevirt.io/v1/kubevirts", "GET /version"]],
  ])("%s: three requests", async (line, expected) => {
    const { code, connections: opened, requests } = await asked(line);
    expect({ code, requests: withoutQuery(requests) }).toEqual({ code: 0, requests: expected });
    expect(opened).toBeLessThanOrEqual(2);
  });

  test.each(["list worker-1", "check worker-1"])(
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
      expect(connections).toBe(0);
    }
  });
});
