/** The fresh read before "drained" is printed: nothing that is there may be missed. */
import { describe, expect, it } from "vitest";
import { freshlyRead } from "../../../lib/observe/fresh.ts";
import { readNode } from "../../../lib/observe/read-node.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { clusterOf, putVm, rawLauncher, rawVmi } from "./raw-objects.ts";

function busyNode(): FakeCluster {
  const cluster = clusterOf("worker-1", "worker-2");
  putVm(cluster, "prod", "web", "worker-1");
  putVm(cluster, "prod", "elsewhere", "worker-2");
  cluster.put("pods", rawLauncher("prod", "moved", "worker-1", { status: { phase: "Succeeded" } }));
  cluster.put("virtualmachineinstances", rawVmi("prod", "ended", "worker-1", { status: { phase: "Failed" } }));
  cluster.put("virtualmachineinstances", rawVmi("prod", "podless", "worker-1"));
  for (const [name, phase] of [
    ["agent", "Running"],
    ["job", "Succeeded"],
  ] as const)
    cluster.put("pods", {
      metadata: { namespace: "kube-system", name, uid: name },
      spec: { nodeName: "worker-1" },
      status: { phase },
    });
  const attachment = (name: string, nodeName: string, attached: boolean) => ({
    metadata: { name, uid: name },
    spec: { attacher: "csi", nodeName, source: { persistentVolumeName: `pv-${name}` } },
    status: { attached },
  });
  cluster.put("volumeattachments", attachment("a", "worker-1", true));
  cluster.put("volumeattachments", attachment("b", "worker-1", false));
  cluster.put("volumeattachments", attachment("c", "worker-2", true));
  return cluster;
}

describe("freshlyRead", () => {
  it("tells what has not ended on the node, and what is attached to it", async () => {
    const node = await freshlyRead(busyNode().client(), "worker-1", { attachments: true });
    expect(node.launchers.map(({ metadata }) => metadata.name)).toEqual(["virt-launcher-web-abcde"]);
    expect(node.vmis.map(({ metadata }) => metadata.name).sort()).toEqual(["podless", "web"]);
    expect(node.otherPods.map(({ metadata }) => metadata.name)).toEqual(["agent"]);
    expect(node).toMatchObject({ name: "worker-1", attachedVolumes: ["pv-a"], gaps: [] });
  });

  it("asks for attachments only when they are wanted", async () => {
    const cluster = busyNode();
    expect((await freshlyRead(cluster.client(), "worker-1")).attachedVolumes).toBeUndefined();
    expect(cluster.requests).toHaveLength(2);
  });

  it("says so when attachments may not be read", async () => {
    const cluster = busyNode();
    cluster.forbid("list", "volumeattachments");
    const node = await freshlyRead(cluster.client(), "worker-1", { attachments: true });
    expect(node.attachedVolumes).toBeUndefined();
    expect(node.gaps).toMatchObject([{ resource: "volumeattachments" }]);
  });

  it.each(["pods", "virtualmachineinstances"])(
    "throws when %s cannot be read, rather than find the node empty",
    async (plural) => {
      const cluster = busyNode();
      cluster.forbid("list", plural);
      cluster.forbid("get", plural);
      await expect(freshlyRead(cluster.client(), "worker-1")).rejects.toThrow(
        `node/worker-1 could not be read afresh: ${plural}: forbidden: list ${plural}`,
      );
    },
  );
});

describe("readNode", () => {
  it("reads one node", async () => {
    expect((await readNode(busyNode().client(), "worker-2")).metadata.uid).toBe("node-worker-2");
  });

  it("throws the server's refusal", async () => {
    await expect(readNode(busyNode().client(), "worker-9")).rejects.toThrow('nodes "worker-9" not found');
  });
});
