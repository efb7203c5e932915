/** A VM of higher priority pushes out as few and as unimportant pods as its place takes. */

import { describe, expect, it } from "vitest";
import { PlacesInOrder, placeAll } from "../../../lib/assess/placement.ts";
import { placesOf } from "../../../lib/assess/room.ts";
import { indexFacts } from "../../../lib/assess/subjects.ts";
import type { Pod } from "../../../lib/model/kubernetes.ts";
import { factsWith } from "../../builders/facts.ts";
import { aNode, aPod, at, noAffinity, selecting } from "../../builders/kubernetes.ts";
import { aMigration, aRunningVm, type VmOptions } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, vmVerdict } from "./verdicts.ts";

describe("a VM that fits nowhere, but has a higher priority than others", () => {
  const nodes = [aNode("worker-1"), aNode("worker-2", { allocatable: { memory: "32Gi" } })];
  const important = { strategy: "None", pod: { requests: { memory: "20Gi" }, priority: 100 } };
  const moving = { ...important, strategy: "LiveMigrate" };
  const there = (name: string, memory: string, priority: number) =>
    aPod(name, { node: "worker-2", requests: { memory }, priority });
  const judged = (pods: readonly Pod[], options: VmOptions = important) =>
    vmVerdict(factsWith([aRunningVm("web", options)], { nodes, pods, roomKnown: ["worker-2"] }), "web");

  it("starts, and pushes out as few as are needed, the lowest first", () => {
    const vm = judged([there("least", "16Gi", -10), there("less", "10Gi", 10), there("small", "1Gi", -10)]);
    expect(brief(vm)).toEqual(["D19", "restarts", "ShutsDownRestarts", "PushesOutOthers"]);
    expect(vm.findings[1]?.reason).toMatch(/removing pods of lower priority, such as prod\/least\.$/);
  });

  it("does so where the most important that must go is the least important", () => {
    const both = [...nodes, aNode("worker-3", { allocatable: { memory: "31Gi" } })];
    const on = (node: string, name: string, memory: string, priority: number) =>
      aPod(name, { node, requests: { memory }, priority });
    const pods = [
      on("worker-2", "least", "1Gi", -20),
      on("worker-2", "less", "28Gi", 10),
      on("worker-3", "batch", "28Gi", -10),
    ];
    const facts = factsWith([aRunningVm("web", moving)], { nodes: both, pods, roomKnown: ["worker-2", "worker-3"] });
    expect(vmVerdict(facts, "web").findings[1]?.reason).toMatch(/such as prod\/batch\.$/);
  });

  it("pushes out those that do not tolerate it near", () => {
    const term = { labelSelector: selecting({ app: "web" }), topologyKey: "kubernetes.io/hostname", namespaces: [] };
    const shy = aPod("shy", { node: "worker-2", affinity: { ...noAffinity, requiredAntiPods: [term] } });
    expect(judged([shy], { ...important, labels: { app: "web" } }).findings[1]?.code).toBe("PushesOutOthers");
  });

  it.each<[string, readonly Pod[], VmOptions]>([
    ["the others are as important", [there("peer", "30Gi", 100)], important],
    ["their going would not be enough", [there("least", "10Gi", 0), there("peer", "20Gi", 100)], important],
    [
      "it never pushes others out",
      [there("least", "30Gi", 0)],
      { ...important, pod: { ...important.pod, neverPreempts: true } },
    ],
    ["it may not run there anyway", [there("least", "30Gi", 0)], { ...important, nodeSelector: { disk: "fast" } }],
  ])("stays down, or cannot migrate, where %s", (_why, pods, options) => {
    expect(brief(judged(pods, options))).toEqual(["D18b", "stops", "StaysDownNoNode"]);
    expect(brief(judged(pods, { ...options, strategy: "LiveMigrate" }))).toEqual(["D12", "blocks", "NoNodeFits"]);
  });

  it("migrates, and its target pod pushes them out", () => {
    const vm = judged([there("least", "16Gi", -10), there("less", "10Gi", 10)], moving);
    expect(brief(vm)).toEqual(["D13", "moves", "LiveMigrates", "PushesOutOthers"]);
    expect(vm.findings[1]?.reason).toMatch(/removing pods of lower priority, such as prod\/least\.$/);
  });

  it("goes on migrating while they end, and who agreed to that agrees to nothing else", () => {
    const ending = aPod("least", { node: "worker-2", requests: { memory: "30Gi" }, deletionTimestamp: at(30) });
    const facts = factsWith([aRunningVm("web", moving)], {
      nodes,
      pods: [ending],
      roomKnown: ["worker-2"],
      migrations: [aMigration("m", "web", { phase: "Scheduling" })],
    });
    expect(brief(vmVerdict(facts, "web"))).toEqual(["D5", "moves", "AlreadyMigrating", "PushesOutOthers"]);
    expect(nodeVerdict(facts, { waived: ["PushesOutOthers"] }).verdict).toBe("drains");
  });

  it.each<[string, VmOptions, VmOptions, readonly string[]]>([
    [
      "pods make way once, and for the most important",
      moving,
      { ...moving, pod: { ...moving.pod, priority: 99 } },
      ["moves", "blocks"],
    ],
    [
      "those that are on their way do not make way",
      moving,
      { pod: { requests: { memory: "31Gi" } } },
      ["blocks", "moves"],
    ],
  ])("of two: %s", (_what, web, other, outcomes) => {
    const pods = other.pod?.priority === undefined ? [] : [there("least", "30Gi", 0)];
    const facts = factsWith([aRunningVm("web", web), aRunningVm("db", other)], {
      nodes,
      pods,
      roomKnown: ["worker-2"],
    });
    expect(["web", "db"].map((name) => vmVerdict(facts, name).outcome)).toEqual(outcomes);
  });

  it("leaves the picture as it was for the next question", () => {
    const facts = factsWith([aRunningVm("web", moving)], {
      nodes,
      pods: [there("least", "30Gi", 0)],
      roomKnown: ["worker-2"],
    });
    const places = new PlacesInOrder(placesOf(indexFacts(facts)));
    const before = structuredClone(places.all);
    const arrival = { pod: aPod("new", { ...moving.pod, node: "worker-1" }), source: "worker-1", disks: [] };
    const { fits } = placeAll([{ key: "web", arrival, moves: true }], places);
    expect(fits.get("web")).toMatchObject({ kind: "none", victims: ["prod/least"] });
    expect(places.all).toEqual(before);
  });

  it("must be accepted", () => {
    const facts = factsWith([aRunningVm("web", important)], {
      nodes,
      pods: [there("least", "30Gi", 0)],
      roomKnown: ["worker-2"],
    });
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["PushesOutOthers"] }).verdict).toBe("drains");
  });
});
