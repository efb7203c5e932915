/** Each role is enough for its commands, and each of its rules is needed: without it the command says what it may not do. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { InterruptedError } from "../../lib/model/errors.ts";
import { type Right, type Role, rightsOf } from "../../lib/platform/rights.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import type { Run } from "../unit/cmd/fake-world.ts";
import { grant } from "./grant.ts";
import { consent, lostVms, openStage, powerLoss, type Stage, scenarioOf } from "./recover/stage.ts";
import { runCommand } from "./run.ts";

interface Outcome extends Run {
  /** What the API server refused with 403, or virt-api with 401, as `METHOD path`. */
  readonly refused: readonly string[];
}

type Runner = (commandLine: string) => Promise<Run>;

/** Runs a command line as a user with these rights and no others. */
async function runWith(
  world: TestCluster,
  rights: readonly Right[],
  commandLine: string,
  run?: Runner,
): Promise<Outcome> {
  const user = grant(world, rights);
  const line = `${commandLine} --as ${user}`;
  const result = await (run?.(line) ?? runCommand(line, world.env, world));
  const own = world.cluster.requests.filter(
    (request) => request.user === user && (request.status === 403 || request.status === 401),
  );
  return { ...result, refused: own.map(({ method, url }) => `${method} ${url.replace(/\?.*/, "")}`) };
}

function without(role: Role, resource: string): readonly Right[] {
  const left = rightsOf[role].filter((right) => right.resource !== resource);
  expect(left.length).toBeLessThan(rightsOf[role].length);
  return left;
}

const migrations = { group: "kubevirt.io", resource: "virtualmachineinstancemigrations" };
const defaultBinding = { group: "rbac.authorization.k8s.io", resource: "clusterrolebindings" };

/** Everything that a person sees. */
const seen = ({ stdout, stderr }: Run): string => `${stdout}\n${stderr}`;

describe("who looks", () => {
  let world: TestCluster;
  beforeAll(async () => {
    world = await startCluster("maintenance");
  });
  afterAll(() => world.close());

  test.each([
    "list",
    "list worker-1",
    "list -o wide",
    "check worker-1",
    "check worker-1 --all-pods",
    "version",
    "doctor",
  ])("may %s, without a single refusal", async (line) => {
    const { code, refused, stderr } = await runWith(world, rightsOf.look, line);
    expect({ refused, stderr }).toEqual({ refused: [], stderr: "" });
    expect(code).toBe(line.startsWith("check") ? 3 : 0);
  });

  test("is told by check that it rests on what was read, because evictions could not be tried", async () => {
    const { stdout } = await runWith(world, rightsOf.look, "check worker-1");
    expect(stdout).toMatch(/may not create pods\/eviction/);
  });

  test("may not drain, is told so before anything is written, and by which role it could", async () => {
    const { code, stderr } = await runWith(world, rightsOf.look, "drain worker-2 --yes");
    expect(code).toBe(3);
    expect(stderr).toMatch(/you may not patch nodes.*\n.*docs\/rbac/s);
    expect(world.writes()).toEqual([]);
  });

  test("is not promised by a dry run what the drain would be refused", async () => {
    const { code, stdout, stderr } = await runWith(world, rightsOf.look, "drain worker-2 --dry-run");
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("you may not patch nodes") });
    expect(stdout).not.toContain("dry run");
  });

  test("may read KubeVirt's settings by KubeVirt's own default role, too", async () => {
    expect((await runWith(world, without("look", "kubevirts"), "version")).refused).toEqual([]);
    world.cluster.store.delete(defaultBinding, undefined, "kubevirt.io:default", {}, { manager: "test" });
    const outcome = await runWith(world, without("look", "kubevirts"), "check worker-1");
    expect(seen(outcome)).toContain("forbidden: list kubevirts");
  });

  test.each([
    ["nodes", "list", 'User "NAME" cannot list resource "nodes" in API group "" at the cluster scope'],
    ["virtualmachineinstances", "list", 'cannot list resource "virtualmachineinstances" in API group "kubevirt.io"'],
    ["nodes", "check worker-1", 'cannot get resource "nodes" in API group ""'],
    ["pods", "check worker-1", "forbidden: list pods"],
    ["virtualmachineinstances", "check worker-1", "forbidden: list virtualmachineinstances"],
    ["virtualmachines", "check worker-1", "forbidden: list virtualmachines"],
    ["virtualmachineinstancemigrations", "check worker-1", "forbidden: list virtualmachineinstancemigrations"],
    ["poddisruptionbudgets", "check worker-1", "forbidden: list poddisruptionbudgets"],
    ["persistentvolumeclaims", "check worker-1", "forbidden: list persistentvolumeclaims"],
    ["persistentvolumes", "check worker-1", "forbidden: list persistentvolumes"],
    ["endpointslices", "check worker-1", "forbidden: list endpointslices"],
  ])("without %s learns from %s: %s", async (resource, line, message) => {
    const outcome = await runWith(world, without("look", resource), line);
    expect(outcome.refused).not.toEqual([]);
    expect(seen(outcome).replace(/"person-\d+"/, '"NAME"')).toContain(message);
    expect(outcome.code).not.toBe(0);
  });

  test("without resourcequotas is told that they were not looked at, and of everything else", async () => {
    const whole = await runWith(world, rightsOf.look, "check worker-2");
    const outcome = await runWith(world, without("look", "resourcequotas"), "check worker-2");
    expect(outcome.stdout).toMatch(/^Not checked: resourcequotas.* \(forbidden: list resourcequotas\)$/m);
    expect(outcome.code).toBe(whole.code);
  });
});

describe("who drains", () => {
  let world: TestCluster;
  beforeEach(async () => {
    world = await startCluster("quiet");
  });
  afterEach(() => world.close());

  test("may drain and uncordon without a single refusal", async () => {
    for (const line of ["drain worker-1 --yes", "uncordon worker-1"]) {
      const { code, refused } = await runWith(world, rightsOf.drain, line);
      expect({ line, code, refused }).toEqual({ line, code: 0, refused: [] });
    }
    expect(world.isCordoned("worker-1")).toBe(false);
  });

  /** A drain that ends by Ctrl-C when migrations are under way, which take long enough to be undone. */
  async function drainHalfway(): Promise<Outcome> {
    await world.close();
    world = await startCluster("quiet", 2);
    const stop = new AbortController();
    const interrupted: Runner = (line) => runCommand(line, world.env, { ...world, signal: stop.signal });
    const drain = runWith(world, rightsOf.drain, "drain worker-1 --yes", interrupted);
    await vi.waitUntil(() => world.cluster.store.list(migrations).length > 1, { timeout: 20_000, interval: 5 });
    stop.abort(new InterruptedError("SIGINT", "interrupted by SIGINT"));
    return await drain;
  }

  test("may undo a drain in its midst: KubeVirt's marks and its unfinished migrations", async () => {
    expect((await drainHalfway()).refused).toEqual([]);
    const { code, refused, stdout } = await runWith(world, rightsOf.drain, "abort worker-1 --yes");
    expect({ code, refused }, stdout).toEqual({ code: 0, refused: [] });
    const undone = world.writes().filter((write) => /^PUT .*evacuate|^DELETE .*migrations/.test(write));
    expect(undone.length).toBeGreaterThan(1);
  });

  test.each(["virtualmachineinstances/evacuate", "virtualmachineinstances/evacuate/cancel"])(
    "without %s is not told that a drain in its midst is undone, but what is missing",
    async (resource) => {
      await drainHalfway();
      const outcome = await runWith(world, without("drain", resource), "abort worker-1 --yes");
      expect(outcome.code, seen(outcome)).toBe(4);
      expect(seen(outcome)).toContain(
        'needs "update" on virtualmachineinstances/evacuate and virtualmachineinstances/evacuate/cancel',
      );
    },
  );

  test("without the right to list migrations is not told that a drain is undone", async () => {
    await drainHalfway();
    const { code, stdout, stderr } = await runWith(
      world,
      without("drain", migrations.resource),
      "abort worker-1 --yes",
    );
    expect(code, stdout + stderr).toBe(4);
    expect(stdout + stderr).toContain("virtualmachineinstancemigrations could not be read");
    expect(world.node("worker-1").metadata.annotations).toHaveProperty("kubectl-vmnode/operation");
  });

  test("may drain all pods", async () => {
    const flags = "--all-pods --ignore-daemonsets --delete-emptydir-data --force";
    const { code, refused, stderr } = await runWith(world, rightsOf.drain, `drain worker-1 --yes ${flags}`);
    expect({ code, refused }).toEqual({ code: 0, refused: [] });
    expect(stderr).toMatch(/^Warning: ignoring DaemonSet-managed Pods: \S+$/);
  });

  test.each([
    ["pods/eviction", /may not create pods\/eviction|cannot create resource "pods\/eviction"/],
    ["volumeattachments", /attached volumes could not be read/],
  ])("without %s learns of it", async (resource, message) => {
    const outcome = await runWith(world, without("drain", resource), "drain worker-1 --yes --timeout 2m");
    expect(seen(outcome)).toMatch(message);
  });

  test("without the right to watch drains as well, by reading again and again", async () => {
    const rights = rightsOf.drain.map((right) => ({ ...right, verbs: right.verbs.filter((verb) => verb !== "watch") }));
    const { code, refused, stdout } = await runWith(world, rights, "drain worker-1 --yes");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("node/worker-1 drained") });
    expect(refused.length).toBeGreaterThan(0);
  });
});

describe("who recovers", () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await openStage(scenarioOf([powerLoss]));
  });
  afterEach(() => stage.close());

  const recover = `recover worker-1 ${consent} --node-is-powered-off 'seen on the console'`;

  test("may recover, and uncordon when the node is back, without a single refusal", async () => {
    const { code, refused, stderr } = await runWith(stage, rightsOf.recover, recover, stage.run);
    expect({ code, refused, stderr }).toEqual({
      code: 0,
      refused: [],
      stderr: expect.not.stringMatching(/forbidden/i),
    });
    stage.cluster.faults.restore("worker-1");
    await stage.pass(120_000);
    const back = await runWith(stage, rightsOf.recover, "uncordon worker-1", stage.run);
    expect({ code: back.code, refused: back.refused }).toEqual({ code: 0, refused: [] });
  });

  test("may recover by deleting pods and attachments, where other pods must stay", async () => {
    const { code, refused } = await runWith(stage, rightsOf.recover, `${recover} --keep-other-pods`, stage.run);
    expect({ code, refused }).toEqual({ code: 0, refused: [] });
    expect(stage.deletions().filter((path) => path.includes("/volumeattachments/"))).not.toEqual([]);
  });

  const withoutVerb = (resource: string, verb: string): readonly Right[] =>
    rightsOf.recover.map((right) =>
      right.resource === resource ? { ...right, verbs: right.verbs.filter((other) => other !== verb) } : right,
    );

  test("who may not patch nodes recovers without taint, cordon and record, and is told so", async () => {
    const outcome = await runWith(stage, withoutVerb("nodes", "patch"), recover, stage.run);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain("you may not patch nodes, and so set no taint, cordon or record");
    expect(outcome.stderr).toMatch(/node\/worker-1 is not cordoned, and bears no record of this/);
    expect(stage.recovered()).toEqual(lostVms);
    expect(stage.isCordoned("worker-1")).toBe(false);
  });

  test("who may not delete pods waits until Kubernetes has removed them, and hears of it once per namespace", async () => {
    const outcome = await runWith(stage, withoutVerb("pods", "delete"), recover, stage.run);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr.match(/cannot delete resource "pods"/g)).toHaveLength(2);
    expect(stage.recovered()).toEqual(lostVms);
  });

  test("who may not list pods is refused, for the taint takes pods that could not be named", async () => {
    const outcome = await runWith(stage, withoutVerb("pods", "list"), recover, stage.run);
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toMatch(/the pods of worker-1 cannot be seen: forbidden: list pods/);
    expect(stage.taints()).not.toContain("node.kubernetes.io/out-of-service");
  });

  test.each([
    ["nodes", /cannot (?:get|list|patch) resource "nodes"/],
    ["pods", /forbidden: list pods|cannot (?:list|delete) resource "pods"/],
    ["leases", /forbidden: get leases|cannot get resource "leases"/],
    ["volumeattachments", /forbidden: list volumeattachments|cannot list resource "volumeattachments"/],
    ["events", /cannot create resource "events"/],
    ["virtualmachines", /forbidden: (?:list|get) virtualmachines/],
  ])("without %s learns of it", async (resource, message) => {
    const outcome = await runWith(stage, without("recover", resource), recover, stage.run);
    expect(seen(outcome)).toMatch(message);
    expect(outcome.refused).not.toEqual([]);
  });
});
