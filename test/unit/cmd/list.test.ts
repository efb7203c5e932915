/** `list`: what is shown of which nodes and VMs, in which form, and again when it changes. */
import { describe, expect, test } from "vitest";
import { InterruptedError } from "../../../lib/model/errors.ts";
import type { FakeCluster } from "../observe/fake-cluster.ts";
import { rawNode } from "../observe/raw-objects.ts";
import { putMover, putStayer, readyCluster } from "./clusters.ts";
import { type Run, run, type Scene } from "./fake-world.ts";

function smallCluster(): FakeCluster {
  const cluster = readyCluster("worker-1", "worker-2", "worker-3");
  cluster.put("nodes", rawNode("worker-3", { spec: { unschedulable: true }, metadata: { labels: { zone: "b" } } }));
  putMover(cluster, "prod", "web", "worker-1");
  putStayer(cluster, "prod", "api", "worker-1");
  putMover(cluster, "lab", "cache", "worker-2");
  return cluster;
}

function list(commandLine: string, cluster = smallCluster(), scene: Scene = {}): Promise<Run> {
  return run(`list ${commandLine}`, { connect: async () => cluster.client(), ...scene });
}

describe("nodes", () => {
  test("are shown with their VMs counted", async () => {
    const { code, stdout, stderr } = await list("");
    expect(stdout).toMatchInlineSnapshot(`
      "NODE       STATUS                     VMS   MIGRATABLE   NOT-MIGRATABLE   AGE
      worker-1   Ready                        2            1                1   <unknown>
      worker-2   Ready                        1            1                0   <unknown>
      worker-3   Ready,SchedulingDisabled     0            0                0   <unknown>"
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("are chosen by label", async () => {
    expect((await list("-l zone=b -o name")).stdout).toBe("node/worker-3");
  });

  test("are sorted by a field", async () => {
    expect((await list("--sort-by .vms -o name")).stdout).toBe("node/worker-3\nnode/worker-2\nnode/worker-1");
  });

  test("show with -o wide what a drain of each would do", async () => {
    expect((await list("-o wide")).stdout).toMatchInlineSnapshot(`
      "NODE       STATUS                     VMS   MIGRATABLE   NOT-MIGRATABLE   AGE         DRAIN                       MEMORY
      worker-1   Ready                        2            1                1   <unknown>   blocks: 1 blocks, 1 moves        0
      worker-2   Ready                        1            1                0   <unknown>   drains: 1 moves                  0
      worker-3   Ready,SchedulingDisabled     0            0                0   <unknown>   drains                           0"
    `);
  });

  test("count the VMs of one namespace with -n, of all with -A", async () => {
    const counts = async (flags: string): Promise<number[]> =>
      JSON.parse((await list(`${flags} -ojson`)).stdout).items.map(({ vms }: { vms: number }) => vms);
    expect(await counts("-n lab")).toEqual([0, 1, 0]);
    expect(await counts("-n lab -A")).toEqual([2, 1, 0]);
  });

  test("that match no label are told on standard error", async () => {
    expect(await list("-l zone=c")).toMatchObject({ code: 0, stdout: "", stderr: "No nodes found" });
  });
});

describe("VMs of nodes", () => {
  test("are shown with what a drain would do to each", async () => {
    const { code, stdout } = await list("worker-1");
    expect(stdout).toMatchInlineSnapshot(`
      "NAMESPACE   NAME   PHASE     STRATEGY            MIGRATABLE                           OWNER             BUDGETS   DRAIN
      prod        api    Running   LiveMigrate (vmi)   False: HostDeviceNotLiveMigratable   vm/api (Always)   <none>    blocks
      prod        web    Running   LiveMigrate (vmi)   True                                 vm/web (Always)   <none>    moves"
    `);
    expect(code).toBe(0);
  });

  test("of several nodes are sorted across them", async () => {
    expect((await list("worker-1 node/worker-2 --sort-by .name -o name")).stdout).toBe(
      ["api", "cache", "web"].map((name) => `virtualmachineinstance.kubevirt.io/${name}`).join("\n"),
    );
  });

  test("are those of one namespace with -n", async () => {
    expect((await list("worker-1 worker-2 -n lab -o name")).stdout).toBe("virtualmachineinstance.kubevirt.io/cache");
  });

  test("are none on an empty node, which is said on standard error", async () => {
    expect(await list("worker-3")).toMatchObject({ code: 0, stdout: "", stderr: "No VMs found on worker-3" });
  });

  test("are shown although a part could not be read, which is said on standard error", async () => {
    const cluster = smallCluster();
    cluster.forbid("list", "poddisruptionbudgets");
    const { code, stdout, stderr } = await list("worker-1 -o name", cluster);
    expect(stdout.split("\n")).toHaveLength(2);
    expect(stderr).toContain("Warning: not read: poddisruptionbudgets");
    expect(code).toBe(0);
  });

  test("are not looked for by evicting", async () => {
    const cluster = smallCluster();
    await list("worker-1", cluster);
    expect(cluster.requests.filter((request) => request.startsWith("evict"))).toEqual([]);
  });
});

describe("what is refused", () => {
  test("an unknown node, with the names that are close to it", async () => {
    const { code, stdout, stderr } = await list("worker-11");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain('Error from server (NotFound): nodes "worker-11" not found');
    expect(stderr).toContain("worker-1");
  });

  test("names and a selector together", async () => {
    expect(await list("worker-1 -l zone=b")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("cannot specify both a node name and a --selector option"),
    });
  });

  test.each(["list", "list worker-1"])("a cluster with a renamed KubeVirt: %s", async (line) => {
    const cluster = smallCluster();
    cluster.groups = [...cluster.groups, { name: "internal.virtualization.deckhouse.io", versions: [] }];
    expect(await run(line, { connect: async () => cluster.client() })).toMatchObject({ code: 3, stdout: "" });
  });
});

describe("more nodes than are worth reading one by one", () => {
  test("-o wide estimates what a drain would do, says so, and reads no node's pods", async () => {
    const cluster = readyCluster(...Array.from({ length: 30 }, (_none, index) => `worker-${index}`));
    putMover(cluster, "prod", "web", "worker-7");
    putStayer(cluster, "prod", "gpu", "worker-8");
    const { code, stdout, stderr } = await list("-o wide", cluster);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^worker-7 .* drains: 1 moves /m);
    expect(stdout).toMatch(/^worker-8 .* blocks: 1 blocks /m);
    expect(stderr).toContain("DRAIN is estimated");
    expect(cluster.requests.filter((request) => request.startsWith("list pods"))).toEqual([]);
  });
});

describe("--watch", () => {
  /** Changes the cluster at each look, and leaves by Ctrl-C after the last one. */
  function watching(commandLine: string, cluster: FakeCluster, changes: (() => void)[], columns = 200): Promise<Run> {
    const clock = {
      now: () => new Date("2026-11-21T12:00:00Z"),
      sleep: async () => {
        const change = changes.shift();
        if (change === undefined) throw new InterruptedError("SIGINT", "interrupted");
        change();
      },
    };
    return list(commandLine, cluster, { clock, columns });
  }

  test("prints the nodes that have changed, and ends with Ctrl-C", async () => {
    const cluster = smallCluster();
    const { code, stdout, stderr } = await watching("--watch", cluster, [
      () => {},
      () => putMover(cluster, "prod", "new", "worker-2"),
    ]);
    const lines = stdout.split("\n");
    expect(lines).toHaveLength(5);
    expect(lines[4]).toMatch(/^worker-2 +Ready +2 +2 +0/);
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
  });

  test("prints the headers again where other columns have room now", async () => {
    const cluster = readyCluster("worker-1", "worker-2");
    const cordon = () => cluster.put("nodes", rawNode("worker-2", { spec: { unschedulable: true } }));
    const headers = async (columns: number) =>
      (await watching("-w", cluster, [cordon, () => {}], columns)).stdout
        .match(/^NODE.*/gm)
        ?.map((line) => line.split(/ +/));
    expect(await headers(70)).toEqual([
      ["NODE", "STATUS", "VMS", "MIGRATABLE", "NOT-MIGRATABLE", "AGE"],
      ["NODE", "STATUS", "VMS", "NOT-MIGRATABLE"],
    ]);
    expect(await headers(100)).toHaveLength(1);
  });

  test("says which VMs are no longer there", async () => {
    const cluster = smallCluster();
    const { stdout } = await watching("worker-2 -w", cluster, [
      () => {
        cluster.remove("virtualmachineinstances", "lab", "cache");
        cluster.remove("pods", "lab", "virt-launcher-cache-abcde");
      },
    ]);
    expect(stdout.split("\n").at(-1)).toBe("lab/cache on worker-2 is no longer there");
  });

  test("prints changed items as documents of their own with -o json", async () => {
    const cluster = smallCluster();
    const { stdout } = await watching("-w -o json", cluster, [() => putMover(cluster, "prod", "new", "worker-2")]);
    const second = JSON.parse(stdout.slice(stdout.indexOf("\n{") + 1));
    expect(second.items.map(({ name }: { name: string }) => name)).toEqual(["worker-2"]);
  });
});
