/** The switches of the fire drill: annotations that break parts of the practice cluster, and mend them. */
import { describe, expect, test } from "vitest";
import { practice } from "../../../cmd/definitions/practice.ts";
import { kubevirts, nodes } from "../../../lib/practice/kubernetes/keys.ts";
import { nodeSwitches, switchPrefix, virtApiSwitch } from "../../../lib/practice/switches.ts";
import { condition, machine, openCluster, type SmallCluster } from "./small-cluster.ts";

/** `kubectl annotate --overwrite node n1 practice.vmnode/NAME=VALUE`; without a value `NAME-`. */
function annotate({ store, run }: SmallCluster, name: string, value: string | undefined): void {
  store.modify(nodes, undefined, "n1", ({ metadata }) => {
    const annotations = { ...metadata.annotations };
    if (value === undefined) delete annotations[switchPrefix + name];
    else annotations[switchPrefix + name] = value;
    metadata.annotations = annotations;
  });
  run(1);
}

const ready = (cluster: SmallCluster): string | undefined => condition(cluster.node("n1"), "Ready");

describe("a Node's switches", () => {
  test("power off takes the guests, on boots the host anew", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const bootId = cluster.world.hosts.get("n1")?.bootId;
    annotate(cluster, "power", "off");
    expect(cluster.guestsOn("n1")).toEqual([]);
    cluster.run(60);
    expect(ready(cluster)).toMatch(/^Unknown/);
    annotate(cluster, "power", "on");
    cluster.run(10);
    expect(ready(cluster)).toMatch(/^True/);
    expect(cluster.node("n1").status.nodeInfo.bootID).not.toBe(bootId);
  });

  test("network cut leaves the guests, and taking the annotation off mends it", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    annotate(cluster, "network", "cut");
    cluster.run(60);
    expect(ready(cluster)).toMatch(/^Unknown/);
    expect(cluster.guestsOn("n1")).toHaveLength(1);
    annotate(cluster, "network", undefined);
    cluster.run(10);
    expect(ready(cluster)).toMatch(/^True/);
  });

  test("kubelet and virt-handler fail apart, and the clock is wrong as told", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    annotate(cluster, "kubelet", "off");
    annotate(cluster, "virt-handler", "off");
    annotate(cluster, "clock", "-10m");
    expect(cluster.world.hosts.get("n1")).toMatchObject({
      powered: true,
      connected: true,
      kubelet: false,
      handler: false,
      clockSkewMs: -600_000,
    });
    for (const { name } of nodeSwitches) annotate(cluster, name, "on");
    expect(cluster.world.hosts.get("n1")).toMatchObject({ kubelet: true, handler: true, clockSkewMs: 0 });
  });

  test("what a scenario has broken stays so until it is switched", () => {
    const cluster = openCluster({ past: [{ ago: "3m", host: "n1", fault: { powered: false } }] });
    annotate(cluster, "clock", "+1m");
    expect(cluster.world.hosts.get("n1")?.powered).toBe(false);
    annotate(cluster, "power", "on");
    expect(cluster.world.hosts.get("n1")?.powered).toBe(true);
  });

  test("each is told by an event; a value that does not exist changes nothing and is told, too", () => {
    const cluster = openCluster();
    annotate(cluster, "power", "broken");
    annotate(cluster, "kubelet", "off");
    expect(cluster.world.hosts.get("n1")).toMatchObject({ powered: true, kubelet: false });
    expect(cluster.eventsOf(cluster.node("n1"))).toEqual(
      expect.arrayContaining([
        "UnknownPracticeSwitch: practice.vmnode/power=broken is not understood",
        "PracticeSwitch: kubelet is off now",
      ]),
    );
  });
});

test("virt-api is stopped and started by an annotation of the KubeVirt object", () => {
  const cluster = openCluster({ machines: [machine("vm")] });
  const [kubevirt] = cluster.store.list(kubevirts);
  const turn = (value: string): void => {
    cluster.store.modify(kubevirts, kubevirt?.metadata.namespace, kubevirt?.metadata.name ?? "", ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [switchPrefix + virtApiSwitch.name]: value };
    });
    cluster.run(5);
  };
  turn("off");
  expect(cluster.evict(cluster.launcher("app/vm"))).toHaveProperty("unreachable", true);
  turn("on");
  expect(cluster.evict(cluster.launcher("app/vm"))).not.toHaveProperty("unreachable");
});

test("the help of practice names every switch", () => {
  const help = practice.description.join(" ");
  for (const { name } of [...nodeSwitches, virtApiSwitch]) expect(help).toMatch(new RegExp(`\\b${name}=`));
});
