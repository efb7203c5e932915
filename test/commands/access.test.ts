/** What the API server says of our rights beforehand: a no is told before anything is written, and silence is no no. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rightsOf, type Verb } from "../../lib/platform/rights.ts";
import { failure } from "../../lib/practice/status.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
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
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("you may not patch nodes") });
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

function without(resource: string, verb: Verb) {
  return rightsOf.drain.map((right) =>
    right.resource === resource ? { ...right, verbs: right.verbs.filter((other) => other !== verb) } : right,
  );
}
