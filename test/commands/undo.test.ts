/** Ctrl-C in the middle of a drain, and then the undo, or the same command again. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InterruptedError } from "../../lib/model/errors.ts";
import { quiet } from "../../lib/practice/scenarios/quiet.ts";
import type { KubeObject } from "../../lib/practice/store.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import type { Run } from "../unit/cmd/fake-world.ts";
import { openStage, scenarioOf } from "./recover/stage.ts";
import { runCommand } from "./run.ts";

/** Migrations that do not end by themselves: however long a command takes on a busy machine, it finds VMs on their way. */
const endless = { bandwidthPerMigration: "1Mi", completionTimeoutPerGiB: 1_000_000 };

let world: TestCluster;
beforeEach(async () => {
  world = await startCluster({ ...quiet, configuration: { ...quiet.configuration, migrations: endless } }, 5);
});
afterEach(() => world.close());

const ctrlC = new InterruptedError("SIGINT", "Interrupted by SIGINT.");
const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
const migrations = { group: "kubevirt.io", resource: "virtualmachineinstancemigrations" };
const kubeVirts = { group: "kubevirt.io", resource: "kubevirts" };

/** How migrations are made that begin from now on. */
function setMigrations(settings: object): void {
  for (const { metadata } of world.cluster.store.list(kubeVirts))
    world.cluster.store.modify(kubeVirts, metadata.namespace, metadata.name, (draft) => {
      draft.spec.configuration = { ...draft.spec.configuration, migrations: settings };
    });
}

function running(): string[] {
  return world.cluster.store
    .list(vmis)
    .filter(({ status }) => status?.phase === "Running")
    .map(({ metadata }) => metadata.name);
}

function unfinishedMigrations(): string[] {
  const unfinished = world.cluster.store
    .list(migrations)
    .filter(({ status }) => !/Succeeded|Failed/.test(status?.phase ?? ""));
  return unfinished.map(({ metadata }) => metadata.name);
}

/** Starts a drain and leaves it by Ctrl-C as soon as KubeVirt has begun to move VMs. */
async function interruptedDrain(): Promise<Run> {
  const stop = new AbortController();
  const drain = runCommand("drain worker-1 --yes", world.env, { ...world, signal: stop.signal });
  await vi.waitUntil(() => unfinishedMigrations().length > 1, { timeout: 20_000, interval: 5 });
  stop.abort(ctrlC);
  return await drain;
}

test("abort leaves the node as it was found, and no VM is lost", async () => {
  const before = world.node("worker-1");
  const vms = running();
  const { code, stdout } = await interruptedDrain();
  expect(code).toBe(130);
  expect(stdout).toContain("kubectl vmnode abort worker-1");

  const undone = await runCommand("abort worker-1 --yes", world.env, world);
  expect(undone).toMatchObject({ code: 0, stdout: expect.stringContaining("node/worker-1 uncordoned") });
  // As kubectl tells times.
  expect(undone.stdout).toMatch(/^node\/worker-1: drain by kubernetes-admin since [\d-]+T[\d:]+Z$/m);
  expect(undone.stderr).toContain("Waiting 6 s, in which KubeVirt must neither mark a VM again nor make a migration …");
  const after = world.node("worker-1");
  expect(after.spec).toEqual(before.spec);
  expect(after.metadata.annotations).not.toHaveProperty("kubectl-vmnode/operation");
  expect(after.metadata.labels).toEqual(before.metadata.labels);
  expect(world.cluster.store.list(vmis).filter(({ status }) => status?.evacuationNodeName)).toEqual([]);
  expect(unfinishedMigrations()).toEqual([]);
  expect(running()).toEqual(vms);
  expect(world.cluster.doubleRuns).toEqual([]);
});

test("the same command again takes the drain up and finishes it", async () => {
  setMigrations({});
  await interruptedDrain();
  const { code, stdout } = await runCommand("drain worker-1 --yes", world.env, world);
  expect(stdout).toContain("node/worker-1 already cordoned");
  expect(stdout).toContain("node/worker-1 drained");
  expect(code).toBe(0);
  expect(world.cluster.doubleRuns).toEqual([]);
});

const marked = (): number => world.cluster.store.list(vmis).filter(({ status }) => status?.evacuationNodeName).length;

/** The last eviction of the drain that was interrupted may still have been on its way. */
const writesSince = (number: number): string[] =>
  world
    .writes()
    .slice(number)
    .filter((write) => !write.endsWith("/eviction"));

describe("uncordon of a node that VMs are still leaving", () => {
  const leaving = /\d VMs of worker-1 are still being moved away by KubeVirt:\n {2}apps\//;
  let before: ReturnType<TestCluster["node"]>;
  beforeEach(async () => {
    await interruptedDrain();
    before = world.node("worker-1");
  });

  test.each(["", "--dry-run=server", "-o json"])("without a terminal changes nothing (%s)", async (flags) => {
    const writes = world.writes().length;
    const line = `uncordon worker-1 --kubeconfig ${world.env.KUBECONFIG} ${flags}`;
    const { code, stdout, stderr } = await runCommand(line, world.env, world);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(leaving);
    expect(stderr).toContain(`so that they stay: kubectl vmnode abort worker-1 --kubeconfig=${world.env.KUBECONFIG};`);
    expect(stderr).toContain("to let them leave: --waive EvacuationGoesOn");
    expect(writesSince(writes)).toEqual([]);
    expect(world.node("worker-1").metadata.annotations).toEqual(before.metadata.annotations);
  });

  test("on a terminal lists them and undoes the drain first", async () => {
    const { code, stdout, stderr, questions } = await runCommand("uncordon worker-1", world.env, {
      ...world,
      answers: [true],
    });
    expect(stderr).toMatch(leaving);
    expect(questions).toEqual(["Undo the drain of worker-1 first, so that they stay?"]);
    // It may be a colleague's, and at work.
    expect(stderr).toMatch(/^node\/worker-1: drain by kubernetes-admin since \S+Z/m);
    expect(stdout).toContain("The drain of worker-1 is undone.");
    expect(code).toBe(0);
    expect({ cordoned: world.isCordoned("worker-1"), marked: marked() }).toEqual({ cordoned: false, marked: 0 });
  });

  test("and of other such nodes asks one question about all of them", async () => {
    world.cluster.store.modify({ group: "", resource: "nodes" }, undefined, "worker-2", (draft) => {
      draft.spec.unschedulable = true;
    });
    const [vm] = world.cluster.store.list(vmis).filter(({ status }) => status?.nodeName === "worker-2");
    if (vm === undefined) throw new Error("nothing runs on worker-2");
    world.cluster.store.modify(vmis, vm.metadata.namespace, vm.metadata.name, (draft) => {
      draft.status = { ...draft.status, evacuationNodeName: "worker-2" };
    });
    const writes = world.writes().length;
    const run = await runCommand("uncordon worker-1 worker-2", world.env, { ...world, answers: [ctrlC] });
    expect(run.questions).toEqual(["Undo the drain of worker-1 and worker-2 first, so that they stay?"]);
    expect(run.code).toBe(130);
    expect(writesSince(writes)).toEqual([]);
    const scene = { ...world, answers: [true] };
    const { code, stdout } = await runCommand("uncordon worker-1 worker-2 --wait=false", world.env, scene);
    expect(stdout.match(/The drain of worker-\d is undone/g)).toHaveLength(2);
    expect({ code, marked: marked() }).toEqual({ code: 0, marked: 0 });
  });

  test("ends as its undo ends, when that is interrupted", async () => {
    const scene = { ...world, answers: [true], signal: AbortSignal.abort(ctrlC) };
    expect(await runCommand("uncordon worker-1", world.env, scene)).toMatchObject({
      code: 130,
      stdout: expect.stringContaining("Interrupted: the drain of worker-1 is not undone:"),
    });
  });

  test("on a terminal changes nothing when the answer is no", async () => {
    const writes = world.writes().length;
    const run = await runCommand("uncordon worker-1", world.env, { ...world, answers: [false] });
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining("uncordon is cancelled") });
    expect(writesSince(writes)).toEqual([]);
  });

  test("gives it back when they may leave, and keeps the record that an abort goes by", async () => {
    const { code, stdout, stderr } = await runCommand("uncordon worker-1 --waive EvacuationGoesOn", world.env, world);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "node/worker-1 uncordoned" });
    expect(stderr).toMatch(/KubeVirt goes on moving \d VMs? away from node\/worker-1/);
    expect(stderr).toMatch(/keeps them where they are: +kubectl vmnode abort worker-1/);
    expect(world.node("worker-1").metadata.annotations).toHaveProperty("kubectl-vmnode/operation");
  });

  test.each(["", "--waive EvacuationGoesOn"])(
    "is told in lines as wide as standard error, commands aside (%s)",
    async (flags) => {
      const scene = { ...world, errorColumns: 30 };
      const { stdout, stderr } = await runCommand(`uncordon worker-1 --wait=false ${flags}`, world.env, scene);
      expect(stdout).not.toContain("\n");
      const isWide = (line: string) => line.length > 30 && !/^ *kubectl /.test(line);
      expect(stderr.split("\n").filter(isWide)).toEqual([]);
      expect(stderr).toMatch(/^ {2}kubectl vmnode abort worker-1/m);
    },
  );

  test("list says so, and how it is undone", async () => {
    const { stdout } = await runCommand("list", world.env, world);
    expect(stdout).toMatch(/worker-1: \d VMs are marked to leave it; to undo that: kubectl vmnode abort worker-1/);
  });
});

test("abort and uncordon tell programs what they do, and end with a summary", async () => {
  await interruptedDrain();
  const asked = await runCommand("abort worker-1 -o json", world.env, world);
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining("pass --yes") });
  const events = (run: Run) => run.stdout.split("\n").map((line) => JSON.parse(line));
  const dry = events(await runCommand("abort worker-1 --dry-run=client -o json", world.env, world));
  expect(dry.at(-1)).toMatchObject({ type: "summary", operation: "abort", exitCode: 0, dryRun: true });
  expect(dry.at(-2)).toMatchObject({
    type: "changed-object",
    object: "node/worker-1",
    verb: "uncordoned",
    dryRun: true,
  });

  const undone = events(await runCommand("abort worker-1 --yes -o json", world.env, world));
  expect(undone).toContainEqual(expect.objectContaining({ type: "changed-object", verb: "unmarked" }));
  expect(undone.at(-1)).toMatchObject({ operation: "abort", node: "worker-1", end: "complete", exitCode: 0 });

  // By the API server's clock, however wrong ours is.
  const wrong = { ...world.clock, now: () => new Date(0) };
  const given = events(
    await runCommand("uncordon worker-1 -o json --wait=false", world.env, { ...world, clock: wrong }),
  );
  for (const { time } of given) expect(Date.parse(time)).toBeGreaterThan(world.clock.now().getTime() - 3_600_000);
  expect(given).toMatchObject([
    { type: "node-uncordoned", node: "worker-1", already: true },
    { type: "summary", operation: "uncordon", exitCode: 0, nodes: [{ name: "worker-1", leaving: [] }] },
  ]);
});

test("an abort ends a drain that still runs elsewhere, also of a node that was cordoned before", async () => {
  world.cluster.store.modify({ group: "", resource: "nodes" }, undefined, "worker-1", (draft) => {
    draft.spec.unschedulable = true;
  });
  const drain = runCommand("drain worker-1 --yes", world.env, world);
  await vi.waitUntil(() => unfinishedMigrations().length > 0, { timeout: 20_000, interval: 5 });
  const abort = await runCommand("abort worker-1 --yes", world.env, world);
  expect(abort.code, abort.stdout + abort.stderr).toBe(0);
  const ended = await drain;
  expect(ended.code, ended.stdout).toBe(4);
  expect(ended.stdout).toContain("an abort of node/worker-1 undoes this drain");
  expect(world.cluster.store.list(vmis).filter(({ status }) => status?.evacuationNodeName)).toEqual([]);
});

test("an abort that found nothing, and asked nobody, does nothing to what turns up later", async () => {
  const abort = await runCommand("abort worker-1", world.env, world);
  expect(abort).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing is left to undo.") });
  expect(world.writes()).toEqual([]);
});

test("an abort that is interrupted says what is left, and how to go on", async () => {
  await interruptedDrain();
  const stop = new AbortController();
  stop.abort(ctrlC);
  const { code, stdout } = await runCommand("abort worker-1 --yes", world.env, { ...world, signal: stop.signal });
  expect(code).toBe(130);
  expect(stdout).toContain("Interrupted: the drain of worker-1 is not undone:");
  expect(stdout).toMatch(/takes it up again: +kubectl vmnode abort worker-1/);
});

describe.each([
  ["kubevirt.io/drain", { key: "kubevirt.io/drain", effect: "NoSchedule" }, "kubevirt.io/drain:NoSchedule"],
  [
    "a key of their own",
    { key: "example.com/out", value: "bay-3", effect: "NoSchedule" },
    "example.com/out=bay-3:NoSchedule",
  ],
])("KubeVirt's drain taint that others have set (%s)", (_title, taint, text) => {
  const nodes = { group: "", resource: "nodes" };
  let kubeconfig: string;
  let untaint: string;
  beforeEach(async () => {
    kubeconfig = `--kubeconfig=${world.env.KUBECONFIG}`;
    untaint = `kubectl taint node worker-1 ${text}- ${kubeconfig}`;
    setMigrations({ ...endless, nodeDrainTaintKey: taint.key });
    // Under the taint a mark cannot be taken back, either.
    const [vm] = world.cluster.store.list(vmis).filter(({ status }) => status?.nodeName === "worker-1");
    if (vm === undefined) throw new Error("nothing runs on worker-1");
    world.cluster.store.modify(vmis, vm.metadata.namespace, vm.metadata.name, (draft) => {
      draft.status = { ...draft.status, evacuationNodeName: "worker-1" };
    });
    world.cluster.store.modify(nodes, undefined, "worker-1", (draft) => {
      draft.spec.taints = [taint];
    });
    await vi.waitUntil(() => unfinishedMigrations().length > 1, { timeout: 20_000, interval: 5 });
  });

  test("uncordon asks nobody for an undo that cannot succeed, and names what takes the taint off", async () => {
    const { code, stderr, questions } = await runCommand(`uncordon worker-1 ${kubeconfig}`, world.env, {
      ...world,
      answers: [true],
    });
    expect({ code, questions }).toEqual({ code: 3, questions: [] });
    expect(stderr).toContain(
      `first of all: ${untaint} (takes off others' taint: KubeVirt evacuates worker-1 while it is there); so that they stay: kubectl vmnode abort worker-1 ${kubeconfig};`,
    );
  });

  test("uncordon names it also where VMs may leave", async () => {
    const line = `uncordon worker-1 --wait=false --waive EvacuationGoesOn ${kubeconfig}`;
    const { code, stderr } = await runCommand(line, world.env, world);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /KubeVirt evacuates worker-1 while it is there:\s+kubectl taint .*\s+keeps them where they are: /,
    );
    expect(stderr).toContain(untaint);
  });

  test("abort leaves it, and names what takes it off before it advises itself; then it succeeds", async () => {
    const plan = await runCommand(`abort worker-1 ${kubeconfig}`, world.env, world);
    expect(plan.code).toBe(4);
    expect(plan.stdout).toContain(
      `Left as it is: the taint ${text} of node/worker-1: somebody else set it, and KubeVirt evacuates the node for as long as it is there`,
    );
    expect(plan.stdout).toContain(untaint);
    const dry = await runCommand(`abort worker-1 --dry-run=client -o json ${kubeconfig}`, world.env, world);
    expect(JSON.parse(dry.stdout.split("\n").at(-1) ?? "").nextSteps).toMatchObject([{ command: untaint }]);

    const tried = await runCommand(`abort worker-1 --yes -o json ${kubeconfig}`, world.env, world);
    expect(tried.code, tried.stdout).toBe(4);
    expect(JSON.parse(tried.stdout.split("\n").at(-1) ?? "").nextSteps).toMatchObject([
      { command: untaint, purpose: expect.stringContaining("KubeVirt evacuates worker-1 while it is there") },
      { command: expect.stringMatching(/^kubectl vmnode abort worker-1 /) },
    ]);
    expect(world.node("worker-1").spec.taints).toEqual([taint]);

    world.cluster.store.modify(nodes, undefined, "worker-1", (draft) => {
      draft.spec.taints = [];
    });
    expect(await runCommand("abort worker-1 --yes", world.env, world)).toMatchObject({ code: 0 });
    expect(unfinishedMigrations()).toEqual([]);
    expect(await runCommand("uncordon worker-1 --wait=false", world.env, world)).toMatchObject({ code: 0 });
  });
});

test("an abort names the VMs that have left all the same", async () => {
  const stage = await openStage(scenarioOf([]));
  try {
    const mark = (name: string) =>
      stage.cluster.store.modify(vmis, "shop", name, (draft) => {
        draft.status = { ...draft.status, evacuationNodeName: "worker-1" };
      });
    for (const name of ["web", "db"]) mark(name);
    const before = ({ path }: { readonly path: string }) => {
      // Its migration was past the point of no return.
      if (path.endsWith("/db/evacuate/cancel"))
        stage.cluster.store.modify(vmis, "shop", "web", (draft) => {
          draft.status = { ...draft.status, nodeName: "worker-2", evacuationNodeName: undefined };
        });
    };
    const { code, stdout } = await stage.run("abort worker-1 --yes", { before });
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^The drain of worker-1 is undone\.\n1 VM left meanwhile: shop\/web$/m);
  } finally {
    await stage.close();
  }
});

test("a node that is lost in the middle is told while the drain waits, and what can be done about it", async () => {
  const drain = runCommand("drain worker-1 --yes --timeout 3m", world.env, world);
  await vi.waitUntil(() => unfinishedMigrations().length > 1, { timeout: 20_000, interval: 5 });
  world.cluster.faults.killNode("worker-1");
  const { code, stdout, stderr } = await drain;
  expect(code).toBe(4);
  expect(stderr.match(/Warning: node\/worker-1 is not Ready/g)).toHaveLength(1);
  expect(stdout).toMatch(/tells what can be done if worker-1 is lost: +kubectl vmnode recover worker-1 --dry-run/);
});

test("a node that is deleted in the middle ends the drain with a clear line, and with commands that have something to work on", async () => {
  const kubeconfig = `--kubeconfig=${world.env.KUBECONFIG}`;
  const drain = runCommand(`drain worker-1 --yes ${kubeconfig}`, world.env, world);
  await vi.waitUntil(() => unfinishedMigrations().length > 1, { timeout: 20_000, interval: 5 });
  world.cluster.faults.deleteNodeObject("worker-1");
  const { code, stdout } = await drain;
  expect(stdout).toContain("Stopped: node/worker-1 was deleted by somebody else. Nothing more is evicted.");
  expect(code).toBe(4);
  expect(stdout).not.toMatch(/vmnode (drain|abort|uncordon) worker-1/);
  expect(stdout).toContain(`kubectl vmnode recover worker-1 ${kubeconfig} --dry-run`);
  const stops = stdout.matchAll(/kubectl delete vmim -n (\w+) -l 'kubevirt.io\/vmi-name in \((.*)\)' --kubeconfig=/g);
  const stopped = [...stops].flatMap(([, namespace, names = ""]) => names.split(",").map((vm) => `${namespace}/${vm}`));
  const moving = world.cluster.store
    .list(migrations)
    .filter(({ metadata }) => unfinishedMigrations().includes(metadata.name))
    .map(({ metadata, spec }) => `${metadata.namespace}/${spec.vmiName}`);
  expect(stopped).toEqual(expect.arrayContaining(moving));
});

describe("a VM that was to be restarted, when its run strategy has changed meanwhile", () => {
  const virtualMachines = { group: "kubevirt.io", resource: "virtualmachines" };

  /** Drains the node in this scene; the VM that is said to restart no longer would as soon as others have begun to move. */
  async function drainWhileItChanges(
    flags: string,
    scene: { readonly answers?: readonly (boolean | Error)[]; readonly columns?: number } = {},
  ) {
    const [vm] = world.cluster.store
      .list(vmis)
      .filter(({ status }) => status?.nodeName === "worker-1")
      .map(({ metadata }) => metadata);
    if (vm === undefined) throw new Error("nothing runs on worker-1");
    setMigrations({});
    const edit = (resource: typeof vmis, change: (draft: KubeObject) => void) =>
      world.cluster.store.modify(resource, vm.namespace, vm.name, change);
    edit(vmis, (draft) => {
      draft.spec.evictionStrategy = "None";
    });
    const drain = runCommand(`drain worker-1 ${flags}`, world.env, { ...world, ...scene });
    await vi.waitUntil(() => unfinishedMigrations().length > 0, { timeout: 20_000, interval: 5 });
    edit(virtualMachines, (draft) => {
      draft.spec.runStrategy = "Manual";
      delete draft.spec.running;
    });
    return { vm, run: await drain };
  }

  test("is not shut down where nobody can be asked", async () => {
    const { vm, run } = await drainWhileItChanges("--yes");
    expect(run.code, run.stdout).toBe(4);
    expect(run.stdout).toMatch(new RegExp(`${vm.name} +.*has the outcome "stops" now; confirmed was "restarts"`));
    expect(world.cluster.store.get(vmis, vm.namespace, vm.name)?.metadata.uid).toBe(vm.uid);
  });

  test("is put before a person, whose Ctrl-C ends the drain as any other does: with what goes on, and what can be done", async () => {
    const { vm, run } = await drainWhileItChanges("", { answers: [true, ctrlC], columns: 40 });
    expect(run.questions).toEqual([expect.stringMatching(/^Drain worker-1/), "Do that to it?"]);
    expect(run.code, run.stderr).toBe(130);
    expect(run.stderr.replace(/\s+/g, " ")).toMatch(/apps\/\w+ .*now; confirmed was "restarts"/);
    expect(run.stderr.split("\n").filter((line) => line.length > 40)).toEqual([]);
    expect(run.stdout).toContain("Interrupted: nothing more is evicted.");
    expect(run.stdout).toMatch(/kubectl vmnode abort worker-1/);
    expect(world.cluster.store.get(vmis, vm.namespace, vm.name)?.metadata.uid).toBe(vm.uid);
  });
});
