/** `doctor` against a cluster: what it finds, what it asks for, and that nothing in it gives anybody away. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { UnreachableError, UsageError } from "../../lib/model/errors.ts";
import { rightsOf } from "../../lib/platform/rights.ts";
import { failure } from "../../lib/practice/status.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { type Run, run } from "../unit/cmd/fake-world.ts";
import { closeServers, fakeServer } from "../unit/kube/fake-server.ts";
import { temporaryFolder } from "../unit/kube/surroundings.ts";
import { violations } from "../unit/report/json-schema.ts";
import type { Through } from "./driven-cluster.ts";
import { grant } from "./grant.ts";
import { runCommand } from "./run.ts";

const folder = temporaryFolder();
afterEach(async () => {
  world.cluster.server.setFault(undefined);
  await closeServers();
});
let world: TestCluster;
beforeAll(async () => {
  // In real time: a busy machine that is late by half a second has clocks that differ by as much, and no more.
  world = await startCluster("quiet", 1);
});
afterAll(async () => {
  folder.remove();
  await world.close();
});

const doctor = (flags = ""): Promise<Run> => runCommand(`doctor ${flags}`, world.env, world);

test("with all rights nothing is missing", async () => {
  const { code, stdout, stderr } = await doctor();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Role look     yes (list, check, version, completion)");
  expect(stdout).toContain("Role drain    yes (drain, abort, uncordon)");
  expect(stdout).toContain("Role recover  yes (recover, uncordon)");
  expect(stdout).toContain("KubeVirt      v1.9.0, Deployed, upstream");
  expect(stdout).toContain("No problem was found.");
});

describe("a user with the role", () => {
  test.each(["look", "drain", "recover"] as const)(
    "%s has it, and lacks what the others have besides",
    async (role) => {
      const user = grant(world, rightsOf[role]);
      const { code, stdout } = await doctor(`--as ${user}`);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Role ${role} +yes`));
      const others = (["drain", "recover"] as const).filter((other) => other !== role);
      for (const other of others) expect(stdout).toMatch(new RegExp(`Role ${other} +incomplete .*; missing: `));
    },
  );
});

test("a webhook that lets evictions fail is found by a dry run, and nothing but the lack of an answer is said of it", async () => {
  const words = 'failed calling webhook "guard.example.com": Post "https://guard.corp.svc:443": EOF';
  const seen: string[] = [];
  world.cluster.server.setFault(({ url }) => {
    if (!url.includes("/eviction")) return undefined;
    seen.push(url);
    return { kind: "status", status: failure(500, words, "InternalError") };
  });
  const { code, stdout } = await doctor();
  expect(code).toBe(1);
  expect(stdout).toContain("Problem: a webhook does not answer, and evictions fail; check NODE says which");
  expect(stdout).not.toMatch(/guard|corp/);
  expect(seen).toEqual([expect.stringContaining("dryRun=All")]);
  // Who may not evict asks for no eviction.
  const { stdout: looker } = await doctor(`--as ${grant(world, rightsOf.look)}`);
  expect({ seen: seen.length, problem: looker.includes("webhook") }).toEqual({ seen: 1, problem: false });
});

test("a right that is missing is named", async () => {
  const user = grant(
    world,
    rightsOf.drain.filter(({ resource }) => resource !== "pods/eviction" && resource !== "poddisruptionbudgets"),
  );
  const { code, stdout } = await doctor(`--as ${user}`);
  expect(code).toBe(1);
  expect(stdout).toMatch(/Role look .*missing: list poddisruptionbudgets\.policy$/m);
  expect(stdout).toMatch(
    /Role drain .*missing: what look misses; watch poddisruptionbudgets\.policy; create pods\/eviction/,
  );
  expect(stdout).toContain("Problem: without the rights that the role look misses a check may stay uncertain");
});

test.each(["nodes get", "namespaces list"])(
  "a right that list and check do without is no problem: %s",
  async (right) => {
    const [resource, verb] = right.split(" ");
    const user = grant(
      world,
      rightsOf.look.map((each) =>
        each.resource === resource ? { ...each, verbs: each.verbs.filter((other) => other !== verb) } : each,
      ),
    );
    const { code, stdout } = await doctor(`--as ${user}`);
    expect(stdout).toContain(`missing: ${verb} ${resource}`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("No problem was found.") });
    for (const line of ["list", "check worker-1"])
      expect(await runCommand(`${line} --as ${user}`, world.env, world)).toMatchObject({ code: 0, stderr: "" });
  },
);

test.each([80, 60])("it fits on a screen of %i columns and 24 lines for a user without rights", async (columns) => {
  const { stdout } = await runCommand(`doctor --as ${grant(world, [])}`, world.env, { ...world, columns });
  expect(stdout.split("\n").length, stdout).toBeLessThan(24);
});

test("one of two names of a right is not taken for the other", async () => {
  const user = grant(
    world,
    rightsOf.drain.filter(({ resource }) => resource !== "virtualmachineinstances/evacuate/cancel"),
  );
  const { stdout } = await doctor(`--as ${user}`);
  expect(stdout.replace(/\s+/g, " ")).toContain(
    "missing: update virtualmachineinstances.subresources.kubevirt.io/evacuate/cancel",
  );
});

test("as JSON it is what the schema says", async () => {
  const { stdout } = await doctor("-o json");
  expect(violations(JSON.parse(stdout))).toEqual([]);
});

test("it only asks", async () => {
  const { requests } = world.cluster;
  const before = requests.length;
  await doctor();
  const own = requests.slice(before).filter(({ userAgent }) => userAgent.startsWith("kubectl-vmnode"));
  const asks = /\/selfsubjectaccessreviews|\/eviction\?dryRun=All$/;
  const writes = own.filter(({ method, url }) => method !== "GET" && !asks.test(url));
  expect(writes).toEqual([]);
});

test("nothing names a server, a user, a node, a VM or a credential", async () => {
  const user = grant(world, []);
  const texts = (await Promise.all(["", "-o json", `--as ${user}`, `--as ${user} -o json`].map(doctor))).map(
    ({ stdout }) => stdout,
  );
  const machines = ["virtualmachineinstances", "virtualmachines"].flatMap((resource) =>
    world.cluster.store.list({ group: "kubevirt.io", resource }),
  );
  const names = [
    world.cluster.server.url,
    "127.0.0.1",
    user,
    "practice",
    "BEGIN",
    // VMs with names like the words of the screen tell nothing.
    ...machines.map(({ metadata }) => metadata.name).filter((name) => name !== "api" && name !== "docs"),
    ...world.cluster.store.list({ group: "", resource: "nodes" }).map(({ metadata }) => metadata.name),
  ];
  for (const text of texts) expect(names.filter((name) => new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});

test("a server that does not answer is named with -v alone, after the screen", async () => {
  const connect = async () => {
    throw new UnreachableError("nobody answers at https://10.0.0.1");
  };
  const { code, stdout, stderr } = await run("doctor", { connect });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout).toContain("Problem: the API server does not answer; -v=1 says more, with names");
  expect(stdout).not.toContain("10.0.0.1");
  expect(await run("doctor -v=1", { connect })).toEqual(
    expect.objectContaining({ code: 1, stdout, stderr: "error: nobody answers at https://10.0.0.1" }),
  );
});

describe("a cluster that cannot be asked is told without names, and truly", () => {
  const exec = (script: string, fields = {}) => ({
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      interactiveMode: "IfAvailable",
      command: "sh",
      args: ["-c", script],
      ...fields,
    },
  });
  const problemWith = async (server: string, user: object): Promise<string> => {
    const named = { clusters: [{ name: "c", cluster: { server } }], users: [{ name: "u", user }] };
    const contexts = [{ name: "x", context: { cluster: "c", user: "u" } }];
    const file = folder.write("kubeconfig", JSON.stringify({ ...named, contexts, "current-context": "x" }));
    const { code, stdout } = await runCommand("doctor", { PATH: process.env.PATH ?? "", KUBECONFIG: file }, world);
    expect(code).toBe(1);
    expect(stdout).not.toContain(new URL(server).host);
    return /^Problem: (.*)$/m.exec(stdout)?.[1] ?? "";
  };
  const login = "the program that logs in gave no credential";

  test.skipIf(process.platform === "win32").each([
    ["must ask", exec("", { interactiveMode: "Always" })],
    ["fails, perhaps because it could not ask", exec("exit 1")],
    ["was ended", exec("kill $$")],
  ])("where the program that logs in %s", async (_what, user) => {
    const bounds = "without -v it may not ask, and is ended after 30 seconds";
    expect(await problemWith(world.cluster.server.url, user)).toBe(`${login}: ${bounds}; -v=1 says more, with names`);
  });

  test("where the program that logs in is not there", async () => {
    const user = exec("", { command: "vmnode-no-such-program" });
    expect(await problemWith(world.cluster.server.url, user)).toBe(`${login} (ENOENT); -v=1 says more, with names`);
  });

  test("where the certificate is not trusted", async () => {
    expect(await problemWith(world.cluster.server.url, { token: "t" })).toMatch(
      /^the API server's certificate is not trusted \([A-Z_]+\); -v=1/,
    );
  });

  test("where a login page answers", async () => {
    const page = await fakeServer(() => ({ headers: { "Content-Type": "text/html" }, body: "<html>Log in</html>" }));
    expect(await problemWith(page.url, { token: "t" })).toBe(
      "what answers is no API server; -v=1 says more, with names",
    );
  });

  test("where nothing that speaks TLS answers", async () => {
    const plain = await fakeServer(() => ({}));
    expect(await problemWith(plain.url.replace("http:", "https:"), { token: "t" })).toMatch(
      /^what answers is no API server/,
    );
  });
});

test("flags that contradict each other are said, as everywhere", async () => {
  const connect = async () => {
    throw new UsageError("--as-uid without --as");
  };
  expect(await run("doctor", { connect })).toMatchObject({ code: 2, stdout: "" });
});

test("clocks that differ are a problem", async () => {
  const later = { ...world.clock, now: () => new Date(world.clock.now().getTime() - 90_000) };
  const { code, stdout } = await runCommand("doctor", world.env, { clock: later });
  expect(code).toBe(1);
  expect(stdout).toMatch(/Clock +the API server's is \d+ seconds ahead/);
});

describe("a cluster", () => {
  const without =
    (groups: RegExp): Through =>
    (connection) => ({
      ...connection,
      send: async (request) => {
        const response = await connection.send(request);
        const body = response.body as { groups?: { name: string }[]; items?: { metadata: { name: string } }[] };
        return {
          ...response,
          body: {
            ...body,
            ...(body.groups && { groups: body.groups.filter(({ name }) => !groups.test(name)) }),
            ...(body.items && { items: body.items.filter(({ metadata }) => !groups.test(metadata.name)) }),
          },
        };
      },
    });

  test.each([
    ["without KubeVirt", /kubevirt\.io$/, "absent: kubevirt.io, subresources.kubevirt.io"],
    ["with nothing of KubeVirt but virt-api", /^kubevirt\.io$/, "absent: kubevirt.io"],
  ])("%s has one problem: that it is absent", async (_what, groups, absent) => {
    const { code, stdout } = await runCommand("doctor", world.env, { ...world, through: without(groups) });
    expect(code).toBe(1);
    expect(stdout).toContain(absent);
    expect(stdout).not.toContain("does not answer");
    expect(stdout.match(/^Problem: .*/gm)).toEqual([expect.stringContaining("KubeVirt is not installed")]);
  });
});

test("an API server that does not say which version it is has an unknown one", async () => {
  const { stdout } = await runCommand("doctor", world.env, { ...world, through: answering("/version", {}) });
  expect(stdout).toMatch(/^Kubernetes +version unknown$/m);
});

describe("what the server offers and allows, and yet fails at", () => {
  const words =
    'conversion webhook for kubevirt.io/v1 failed: Post "https://virt-operator.kubevirt.svc": dial tcp 10.96.0.1:443: connect: connection refused by jane, node worker-1';
  const failing = (path: RegExp) =>
    world.cluster.server.setFault(({ url }) =>
      path.test(url) ? { kind: "status", status: failure(500, words, "InternalError") } : undefined,
    );
  const said =
    "conversion webhook for … failed: Post … dial tcp … connect: connection refused by … node … (500 InternalError)";

  test.each([
    "nodes",
    "pods",
    "persistentvolumeclaims",
    "persistentvolumes",
    "poddisruptionbudgets",
    "endpointslices",
    "virtualmachineinstances",
    "virtualmachines",
    "virtualmachineinstancemigrations",
    "kubevirts",
  ])("%s: is one problem, in the server's words without names", async (resource) => {
    failing(new RegExp(`/${resource}(?:\\?|$)`));
    const { code, stdout } = await doctor(`--as jane --as-group=system:masters`);
    expect(code).toBe(1);
    expect(stdout.match(/^Problem: .*/gm)).toEqual([`Problem: cannot read ${resource}: ${said}; -v=1 says more`]);
  });

  test("everything: is said once, and fits on the screen; -v=1 says it with names", async () => {
    failing(/^\/(?:api\/v1|apis\/[^/]+\/v1)\/(?!selfsubject)/);
    const { code, stdout } = await runCommand("doctor", world.env, { ...world, columns: 80 });
    expect(code).toBe(1);
    expect(stdout.match(/^Problem: cannot read nodes, pods, /gm)).toHaveLength(1);
    expect(stdout.split("\n").length, stdout).toBeLessThan(24);
    const { stderr } = await doctor("-v=1");
    expect(stderr).toMatch(/^error: cannot read nodes, pods, /);
    expect(stderr.split(words)).toHaveLength(2);
  });

  test("but may not be read: is only a lack", async () => {
    const user = grant(
      world,
      rightsOf.look.filter(({ resource }) => resource !== "poddisruptionbudgets" && resource !== "kubevirts"),
    );
    const { stdout } = await doctor(`--as ${user}`);
    expect(stdout).not.toContain("cannot read");
  });

  test("its version: is a problem", async () => {
    failing(/^\/version/);
    const { code, stdout } = await doctor();
    expect(code).toBe(1);
    expect(stdout.match(/^Problem: .*/gm)).toEqual(["Problem: the API server does not tell its version"]);
  });
});

test("an API server that tells no time is a problem: ages rest on this machine's clock", async () => {
  const through: Through = (connection) => ({
    ...connection,
    send: async (request) => ({ ...(await connection.send(request)), serverTime: undefined }),
  });
  const { code, stdout } = await runCommand("doctor", world.env, { ...world, through });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^Clock +unknown$/m);
  expect(stdout.match(/^Problem: .*/gm)).toEqual([
    "Problem: the API server tells no time; ages and verdicts rest on this machine's clock",
  ]);
});

describe("KubeVirt", () => {
  const condition = (type: string, status: string, reason: string) => ({ type, status, reason });
  /** The list of `kubevirts` with these, of which each has this status. */
  const kubevirts =
    (...statuses: readonly object[]): Through =>
    (connection) => ({
      ...connection,
      send: async (request) => {
        const response = await connection.send(request);
        if (!request.path.endsWith("/kubevirts")) return response;
        const body = response.body as { items: { metadata: object; status: object }[] };
        const items = statuses.flatMap((status) =>
          body.items.map((item) => ({ ...item, status: { ...item.status, ...status } })),
        );
        return { ...response, body: { ...body, items } };
      },
    });

  test.each([
    ["that is being installed", [{ phase: "Deploying" }], "KubeVirt says that it is Deploying: VMs may not move"],
    [
      "that is updated",
      [{ conditions: [condition("Available", "True", "U"), condition("Degraded", "True", "UpdateInProgress")] }],
      "KubeVirt says that it is Degraded (UpdateInProgress): VMs may not move",
    ],
    [
      "that is being deleted",
      [{ phase: "Deleting", conditions: [condition("Available", "False", "DeletionInProgress")] }],
      "KubeVirt says that it is Deleting, not Available (DeletionInProgress): VMs may not move",
    ],
    [
      "that gives a name as its reason",
      [{ conditions: [condition("Available", "Unknown", "node-7 is lost")] }],
      "KubeVirt says that it is not Available: VMs may not move",
    ],
    ["without settings", [], "there is no KubeVirt resource, so KubeVirt's settings are unknown"],
    ["with settings twice", [{}, {}], "there are several KubeVirt resources, so KubeVirt's settings are unknown"],
  ])("%s is a problem", async (_what, statuses, problem) => {
    const through = kubevirts(...statuses);
    const { code, stdout } = await runCommand("doctor", world.env, { ...world, through });
    expect(code).toBe(1);
    expect(stdout.match(/^Problem: .*/gm)).toEqual([`Problem: ${problem}`]);
  });

  test("that is available and not degraded is none", async () => {
    const conditions = [condition("Available", "True", "A"), condition("Degraded", "False", "A")];
    const through = kubevirts({ conditions });
    expect(await runCommand("doctor", world.env, { ...world, through })).toMatchObject({ code: 0 });
  });
});

test("a cluster whose virt-api does not answer says what does not work", async () => {
  world.cluster.faults.stopVirtApi();
  const problem = "Problem: subresources.kubevirt.io does not answer: virt-api moves no VM, and refuses evictions";
  await expect.poll(async () => (await doctor()).stdout, { timeout: 20_000 }).toContain(problem);
  const { code, stdout } = await doctor();
  expect(code).toBe(1);
  expect(stdout.match(/^Problem: /gm)).toHaveLength(1);
});

/** Has requests for this path answered with success, and this. */
function answering(path: string, body: unknown): Through {
  return (connection) => ({
    ...connection,
    send: async (request) => {
      const response = await connection.send(request);
      return request.path === path ? { ...response, body } : response;
    },
  });
}
