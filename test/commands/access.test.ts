/** What the API server says of our rights beforehand: a no is told before anything is written, and silence is no no. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rightsOf, type Verb } from "../../lib/platform/rights.ts";
import { failure } from "../../lib/practice/status.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import type { Through } from "./driven-cluster.ts";
import { grant } from "./grant.ts";
import { runCommand } from "./run.ts";

let world: TestCluster;
beforeEach(async () => {
  world = await startCluster("quiet");
});
afterEach(() => world.close());

const runHere = (line: string) => runCommand(line, world.env, world);

describe.each([
  [500, "InternalError"],
  [403, "Forbidden"],
] as const)("where access reviews are answered with %s", (code, reason) => {
  beforeEach(() => {
    const status = failure(code, "reviews are not for you", reason);
    world.cluster.server.setFault(({ url }) =>
      url.includes("selfsubjectaccessreviews") ? { kind: "status", status } : undefined,
    );
  });

  test("doctor says that the rights are unknown, and claims no lack", async () => {
    const { code, stdout } = await runHere("doctor");
    expect(code).toBe(1);
    for (const role of ["look", "drain", "recover"]) expect(stdout).toMatch(new RegExp(`Role ${role} +unknown`));
    expect(stdout).toContain("Problem: the API server does not say what you may do");
    expect(stdout).not.toContain("missing");
  });

  test("check rests on what was read, and says why", async () => {
    const { code, stdout } = await runHere("check worker-1");
    expect(code).toBe(0);
    expect(stdout).toContain("whether you may evict could not be asked: reviews are not for you");
    expect(stdout).not.toContain("may not");
  });

  test("drain warns, and goes on", async () => {
    const dry = await runHere("drain worker-1 --dry-run");
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining("reviews are not for you") });
    const { code, stdout, stderr } = await runHere("drain worker-1 --yes");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "Warning: whether you may drain could not be asked: reviews are not for you",
    });
    expect(stdout).toContain("node/worker-1 drained");
  });
});

describe.each([
  ["nothing", undefined],
  ["null", null],
  ["no word of a right", { kind: "SelfSubjectAccessReview", status: {} }],
  ["a text", { kind: "SelfSubjectAccessReview", status: { allowed: "yes" } }],
])("where access reviews are answered with success, but %s", (_what, body) => {
  const through: Through = (connection) => ({
    ...connection,
    send: async (request) => {
      const response = await connection.send(request);
      return request.path.includes("selfsubjectaccessreviews") ? { ...response, body } : response;
    },
  });
  const runThrough = (line: string) => runCommand(line, world.env, { ...world, through });
  const silence = "the answer to an access review says neither yes nor no";

  test("doctor says that the rights are unknown, and claims no lack", async () => {
    const { code, stdout } = await runThrough("doctor");
    expect(code).toBe(1);
    for (const role of ["look", "drain", "recover"]) expect(stdout).toMatch(new RegExp(`Role ${role} +unknown`));
    expect(stdout).not.toContain("missing");
  });

  test("nobody is told that they may not", async () => {
    const check = await runThrough("check worker-1");
    expect(check.stdout).toContain(`whether you may evict could not be asked: ${silence}`);
    expect(await runThrough("drain worker-1 --dry-run")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`whether you may drain could not be asked: ${silence}`),
    });
    const recover = await runThrough("recover worker-1 --dry-run");
    expect(`${recover.stdout}${recover.stderr}`).not.toContain("may not");
  });
});

test("a right that is known to be missing is told, although the server is silent about another", async () => {
  const user = grant(world, rightsOf.look);
  const asked: string[] = [];
  world.cluster.server.setFault(({ url }) => {
    if (!url.includes("selfsubjectaccessreviews")) return undefined;
    asked.push(url);
    // The dry runs' question, and the drain's first.
    return asked.length < 3 ? { kind: "status", status: failure(500, "not now", "InternalError") } : undefined;
  });
  const { code, stderr } = await runHere(`drain worker-1 --yes --as ${user}`);
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringMatching(/you may not (?:patch nodes|create pods\/eviction)/),
  });
  expect(world.writes()).toEqual([]);
});

describe("a dry run promises nothing that the drain would be refused", () => {
  test.each([
    ["get", "nodes", "you may not get nodes"],
    ["patch", "nodes", "you may not patch nodes"],
    ["create", "pods/eviction", "you may not create pods/eviction in namespace apps"],
  ] as const)("without the right to %s %s", async (verb, resource, message) => {
    const user = grant(world, without(resource, verb));
    for (const flag of ["--dry-run", "--yes"]) {
      const { code, stdout, stderr } = await runHere(`drain worker-1 ${flag} --as ${user}`);
      expect({ code, stderr }, flag).toEqual({ code: 3, stderr: expect.stringContaining(message) });
      expect(stdout).not.toContain("node/worker-1 drained");
    }
    expect(world.writes()).toEqual([]);
  });
});

describe("a right that holds in some namespaces", () => {
  const rbac = "rbac.authorization.k8s.io";

  /** May drain, but evict in namespace apps alone, where all VMs are. */
  function evictingInApps(): string {
    const user = grant(world, without("pods/eviction", "create"));
    const { store } = world.cluster;
    const metadata = { name: user, namespace: "apps" };
    const apiVersion = `${rbac}/v1`;
    const rules = [{ apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] }];
    store.create({ group: rbac, resource: "roles" }, { apiVersion, kind: "Role", metadata, rules });
    store.create(
      { group: rbac, resource: "rolebindings" },
      {
        apiVersion,
        kind: "RoleBinding",
        metadata,
        subjects: [{ kind: "User", name: user, apiGroup: rbac }],
        roleRef: { apiGroup: rbac, kind: "Role", name: user },
      },
    );
    return user;
  }

  test("is enough where all that is evicted is there", async () => {
    const { code, stdout } = await runHere(`drain worker-1 --yes --as ${evictingInApps()}`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("node/worker-1 drained") });
  });

  test("is not when other pods are taken along", async () => {
    const flags = "--all-pods --ignore-daemonsets --delete-emptydir-data --force";
    const user = evictingInApps();
    const { store } = world.cluster;
    const metadata = { name: "alone", namespace: "default" };
    const spec = { nodeName: "worker-1", containers: [{ name: "c", image: "i" }] };
    store.create({ group: "", resource: "pods" }, { apiVersion: "v1", kind: "Pod", metadata, spec });
    for (const flag of ["--dry-run", "--yes"]) {
      const { code, stderr } = await runHere(`drain worker-1 ${flag} ${flags} --as ${user}`);
      expect({ code, stderr }, flag).toEqual({
        code: 3,
        stderr: expect.stringContaining("you may not create pods/eviction in namespace default"),
      });
    }
    expect(world.writes()).toEqual([]);
  });
});

function without(resource: string, verb: Verb) {
  return rightsOf.drain.map((right) =>
    right.resource === resource ? { ...right, verbs: right.verbs.filter((other) => other !== verb) } : right,
  );
}
