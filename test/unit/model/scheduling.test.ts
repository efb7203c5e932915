/** What a pod asks of a node: requests, and tolerations for its taints. */
import { describe, expect, it } from "vitest";
import type { Container, Pod } from "../../../lib/model/kubernetes.ts";
import { cordonToleration, podRequests, untoleratedTaint } from "../../../lib/model/scheduling.ts";
import { aPod } from "../../builders/kubernetes.ts";

function container(memory: string, sidecar = false): Container {
  return { name: "c", requests: { memory }, sidecar };
}

function podOf(containers: Container[], initContainers: Container[], overhead = {}): Pod {
  const pod = aPod("p");
  return { ...pod, spec: { ...pod.spec, containers, initContainers, overhead } };
}

describe("podRequests", () => {
  const Mi = 2 ** 20;

  it.each([
    ["containers are added up", podOf([container("10Mi"), container("20Mi")], []), 30],
    ["a large init container counts instead", podOf([container("10Mi")], [container("50Mi")]), 50],
    ["a small one does not", podOf([container("10Mi")], [container("5Mi")]), 10],
    ["init containers run one after another", podOf([container("10Mi")], [container("30Mi"), container("20Mi")]), 30],
    ["a sidecar runs beside the containers", podOf([container("10Mi")], [container("5Mi", true)]), 15],
    [
      "and beside the init containers after it",
      podOf([container("1Mi")], [container("5Mi", true), container("20Mi")]),
      25,
    ],
    ["but not those before it", podOf([container("1Mi")], [container("20Mi"), container("5Mi", true)]), 20],
    ["overhead comes on top", podOf([container("10Mi")], [container("50Mi")], { memory: "7Mi" }), 57],
  ])("%s", (_, pod, expected) => {
    expect(podRequests(pod).get("memory")).toBe(expected * Mi);
  });

  it("keeps resources apart and forgets none", () => {
    const pod = podOf([{ name: "c", requests: { cpu: "100m", "devices.kubevirt.io/kvm": "1" }, sidecar: false }], []);
    expect(Object.fromEntries(podRequests(pod))).toEqual({ cpu: 100, "devices.kubevirt.io/kvm": 1 });
  });
});

describe("untoleratedTaint", () => {
  it.each(["NoSchedule", "NoExecute"])("%s keeps a pod off", (effect) => {
    expect(untoleratedTaint([], [{ key: "a", effect }])).toEqual({ key: "a", effect });
  });

  it("PreferNoSchedule does not", () => {
    expect(untoleratedTaint([], [{ key: "a", effect: "PreferNoSchedule" }])).toBeUndefined();
  });

  it("names the one that is not tolerated", () => {
    const taints = [
      { key: "a", effect: "NoSchedule" },
      { key: "b", effect: "NoSchedule" },
    ];
    expect(untoleratedTaint([{ key: "a", operator: "Exists" }], taints)?.key).toBe("b");
  });
});

describe("cordonToleration", () => {
  it.each([
    ["by its key", { key: "node.kubernetes.io/unschedulable", operator: "Exists" }],
    ["because it tolerates everything", { operator: "Exists" }],
  ])("is what lets a pod onto a cordoned node, %s", (_how, toleration) => {
    expect(cordonToleration([{ key: "other", operator: "Exists" }, toleration])).toBe(toleration);
  });

  it("is none of the others", () => {
    expect(
      cordonToleration([{ key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoExecute" }]),
    ).toBe(undefined);
  });
});
