/** The maintenance of a node that holds every kind of VM: looked at, checked, drained as far as it goes, taken back, given back. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { runCommand } from "./run.ts";

let world: TestCluster;

/** Real time for what is looked at, because something is on its way there; quick for what is carried out. */
function inACluster(speed: number): void {
  beforeAll(async () => {
    world = await startCluster("maintenance", speed);
  });
  afterAll(() => world.close());
}

const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };

/** `namespace/name` of the VMIs that run on worker-1, without the numbers that replica sets give. */
function onWorker1(): string[] {
  return world.cluster.store
    .list(vmis)
    .filter(({ status }) => status?.nodeName === "worker-1" && status?.phase === "Running")
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name.replace(/^(crawler).*/, "$1")}`)
    .sort();
}

const stays = [
  "legacy/billing",
  "legacy/cluster-node",
  "legacy/ledger",
  "legacy/oracle",
  "legacy/pinned",
  "legacy/queue",
  "legacy/render",
];

describe("before", () => {
  inACluster(1);

  test("check tells what would become of each VM", async () => {
    const { code, stdout } = await runCommand("check worker-1 -o json", world.env, world);
    expect(code).toBe(3);
    const [node] = JSON.parse(stdout).nodes;
    expect(node.verdict).toBe("blocks");
    const outcomes: Record<string, string[]> = {};
    for (const vm of node.vms) {
      outcomes[vm.outcome] = [
        ...(outcomes[vm.outcome] ?? []),
        `${vm.namespace}/${vm.name.replace(/^(crawler).*/, "$1")}`,
      ];
    }
    expect(outcomes).toEqual({
      moves: ["shop/catalog", "shop/frontend", "shop/reports", "shop/search"],
      restarts: ["shop/cache", "shop/crawler", "shop/crawler", "shop/mailer", "shop/payments"],
      stops: ["lab/archive", "lab/installer", "lab/nightly", "lab/notebook", "lab/scratch", "lab/stubborn"],
      waits: ["legacy/cluster-node", "media/stream"],
      blocks: stays.filter((vm) => vm !== "legacy/cluster-node"),
    });
  });

  test("drain refuses, names how to go on, and writes nothing", async () => {
    const { code, stderr } = await runCommand("drain worker-1 --yes", world.env, world);
    expect(code).toBe(3);
    expect(stderr).toContain("--skip-blocked");
    expect(world.writes()).toEqual([]);
  });
});

describe("the drain", () => {
  inACluster(40);

  test("drain --skip-blocked moves, restarts and stops what can leave, lists the rest, and ends with 4", async () => {
    const line = "drain worker-1 --yes --skip-blocked --waive ExternalStrategy --timeout 14m --reason 'new fan'";
    const { code, stdout } = await runCommand(line, world.env, world);
    expect(stdout).toContain("node/worker-1 cordoned");
    expect(stdout).not.toContain("node/worker-1 drained");
    for (const vm of stays) expect(stdout).toContain(vm);
    expect(code).toBe(4);
    expect(onWorker1()).toEqual(stays);
    expect(world.isCordoned("worker-1")).toBe(true);
    const record = JSON.parse(world.node("worker-1").metadata.annotations?.["kubectl-vmnode/operation"] ?? "{}");
    expect(record).toMatchObject({
      v: 1,
      kind: "drain",
      by: "kubernetes-admin",
      reason: "new fan",
      cordonedByUs: true,
    });
  });

  test("list shows who drains the node, and why", async () => {
    const { stdout } = await runCommand("list", world.env, world);
    expect(stdout).toMatch(/worker-1 +Ready,SchedulingDisabled/);
    expect(stdout).toMatch(/worker-1: drain by kubernetes-admin, .* ago, "new fan"/);
  });

  test("abort takes back what the drain has left", async () => {
    const { code, stdout } = await runCommand("abort worker-1 --yes", world.env, world);
    expect(code).toBe(0);
    expect(stdout).toContain("node/worker-1 uncordoned");
    expect(world.cluster.store.list(vmis).filter(({ status }) => status?.evacuationNodeName)).toEqual([]);
    expect(world.isCordoned("worker-1")).toBe(false);
    expect(world.node("worker-1").metadata.annotations).not.toHaveProperty("kubectl-vmnode/operation");
    expect(onWorker1()).toEqual(expect.arrayContaining(stays));
  });

  test("uncordon says that the node is in service already", async () => {
    expect(await runCommand("uncordon worker-1", world.env, world)).toMatchObject({
      code: 0,
      stdout: "node/worker-1 already uncordoned",
    });
  });
});
