/** The practice store keeps objects as etcd and the registry do. */
import { describe, expect, it } from "vitest";
import { manualClock } from "../../../lib/practice/clock.ts";
import { createStore } from "../../../lib/practice/memory-store.ts";
import type { StoreError } from "../../../lib/practice/status.ts";
import type { KubeObject, Store, StoreEvent } from "../../../lib/practice/store.ts";

const pods = { group: "", resource: "pods" };
const nodes = { group: "", resource: "nodes" };
const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
const vms = { group: "kubevirt.io", resource: "virtualmachines" };

const start = new Date("2026-08-22T10:00:00Z");

function newStore(): { store: Store; clock: ReturnType<typeof manualClock>; events: StoreEvent[] } {
  const clock = manualClock(start);
  const store = createStore({ clock });
  const events: StoreEvent[] = [];
  store.subscribe((event) => events.push(event));
  return { store, clock, events };
}

function pod(
  name: string,
  more: object = {},
): { metadata: { name: string; namespace: string }; [field: string]: unknown } {
  return { metadata: { name, namespace: "app" }, spec: { nodeName: "n1" }, ...more };
}

function refusal(action: () => unknown): { code: number; reason: string | undefined; message: string | undefined } {
  try {
    action();
  } catch (error) {
    const { code, reason, message } = (error as StoreError).status;
    return { code, reason, message };
  }
  throw new Error("expected a refusal");
}

describe("writing objects", () => {
  it("fills in what the server owns", () => {
    const { store } = newStore();
    const created = store.create(pods, pod("a"));
    expect(created).toMatchObject({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "a", creationTimestamp: "2026-08-22T10:00:00Z", generation: 1 },
    });
    expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(store.get(pods, "app", "a")).toBe(created);
  });

  it("makes names from generateName", () => {
    const { store } = newStore();
    const created = store.create(pods, { metadata: { generateName: "virt-launcher-x-", namespace: "app" } });
    expect(created.metadata.name).toMatch(/^virt-launcher-x-[a-z0-9]{5}$/);
  });

  it("refuses a second object of the same name", () => {
    const { store } = newStore();
    store.create(vmis, pod("a"));
    expect(refusal(() => store.create(vmis, pod("a")))).toEqual({
      code: 409,
      reason: "AlreadyExists",
      message: 'virtualmachineinstances.kubevirt.io "a" already exists',
    });
  });

  it("refuses an update made from an older version, and one of a replaced object", () => {
    const { store } = newStore();
    const first = store.create(pods, pod("a"));
    store.modify(pods, "app", "a", (draft) => {
      draft.spec.nodeName = "n2";
    });
    expect(refusal(() => store.update(pods, first))).toMatchObject({ code: 409, reason: "Conflict" });
    const { resourceVersion: _version, ...metadata } = first.metadata;
    expect(refusal(() => store.update(pods, { ...first, metadata: { ...metadata, uid: "other" } })).message).toContain(
      "UID in precondition: other",
    );
  });

  it("writes nothing and tells nobody when nothing changed", () => {
    const { store, events } = newStore();
    const created = store.create(pods, pod("a"));
    const again = store.modify(pods, "app", "a", (draft) => {
      draft.spec.nodeName = "n1";
    });
    expect(again).toBe(created);
    expect(events).toHaveLength(1);
  });

  it.each([
    ["a built-in kind", pods, { spec: 2, status: 1 }],
    ["a custom kind with a status subresource", vms, { spec: 2, status: 1 }],
    ["a custom kind without one", vmis, { spec: 2, status: 2 }],
    ["a kind without generations", nodes, { spec: undefined, status: undefined }],
  ])("raises the generation of %s by its rule", (_name, key, expected) => {
    for (const field of ["spec", "status"] as const) {
      const { store } = newStore();
      store.create(key, { ...pod("a"), status: {} });
      const changed = store.modify(key, "app", "a", (draft) => {
        draft[field].x = 1;
      });
      expect(changed?.metadata.generation).toBe(expected[field]);
    }
  });

  it("says what a dry run would write, and keeps the old", () => {
    const { store, events } = newStore();
    const dry = store.create(pods, pod("a"), { manager: "me", dryRun: true });
    expect(dry.metadata.name).toBe("a");
    expect(store.list(pods)).toEqual([]);
    expect(events).toEqual([]);
  });

  it("lists by namespace and name", () => {
    const { store } = newStore();
    for (const [namespace, name] of [
      ["b", "x"],
      ["a-b", "y"],
      ["a", "z"],
      ["a", "a"],
    ] as const) {
      store.create(pods, { metadata: { name, namespace } });
    }
    const names = (list: readonly KubeObject[]): string[] => list.map(({ metadata: m }) => `${m.namespace}/${m.name}`);
    expect(names(store.list(pods))).toEqual(["a-b/y", "a/a", "a/z", "b/x"]);
    expect(names(store.list(pods, "a"))).toEqual(["a/a", "a/z"]);
  });
});

describe("deleting objects", () => {
  it.each([
    ["a bound, running pod", { spec: { nodeName: "n1" }, status: { phase: "Running" } }, undefined, 30],
    [
      "a pod with a grace period of its own",
      { spec: { nodeName: "n1", terminationGracePeriodSeconds: 90 } },
      undefined,
      90,
    ],
    ["a pod deleted with a shorter one", { spec: { nodeName: "n1" } }, 5, 5],
    ["a pod deleted by force", { spec: { nodeName: "n1" } }, 0, "gone"],
    ["a pod that was never bound", { spec: {} }, undefined, "gone"],
    ["a finished pod", { spec: { nodeName: "n1" }, status: { phase: "Succeeded" } }, undefined, "gone"],
  ])("gives %s its time", (_name, more, gracePeriodSeconds, expected) => {
    const { store } = newStore();
    store.create(pods, pod("a", more));
    store.delete(pods, "app", "a", { gracePeriodSeconds });
    const left = store.get(pods, "app", "a");
    expect(left?.metadata.deletionGracePeriodSeconds ?? "gone").toBe(expected);
    if (typeof expected === "number") {
      expect(left?.metadata.deletionTimestamp).toBe(
        new Date(start.getTime() + expected * 1000).toISOString().replace(".000", ""),
      );
    }
  });

  it("shortens a running grace period, never lengthens it", async () => {
    const { store, clock } = newStore();
    store.create(pods, pod("a"));
    store.delete(pods, "app", "a", { gracePeriodSeconds: 60 });
    await clock.advance(10_000);
    store.delete(pods, "app", "a", { gracePeriodSeconds: 90 });
    expect(store.get(pods, "app", "a")?.metadata.deletionGracePeriodSeconds).toBe(60);
    store.delete(pods, "app", "a", { gracePeriodSeconds: 20 });
    expect(store.get(pods, "app", "a")?.metadata.deletionTimestamp).toBe("2026-08-22T10:00:20Z");
  });

  it("keeps an object until its last finalizer is gone", () => {
    const { store, events } = newStore();
    store.create(vmis, { metadata: { name: "a", namespace: "app", finalizers: ["x"] } });
    store.delete(vmis, "app", "a");
    expect(store.get(vmis, "app", "a")?.metadata.deletionTimestamp).toBeDefined();
    store.modify(vmis, "app", "a", (draft) => void delete draft.metadata.finalizers);
    expect(store.get(vmis, "app", "a")).toBeUndefined();
    expect(events.map((event) => event.type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
  });

  it("refuses when the object is not the one that was meant", () => {
    const { store } = newStore();
    const { uid } = store.create(pods, pod("a")).metadata;
    expect(refusal(() => store.delete(pods, "app", "a", { preconditions: { uid: "other" } }))).toEqual({
      code: 409,
      reason: "Conflict",
      message: `Operation cannot be fulfilled on Pod "a": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    });
  });
});

describe("the watch history", () => {
  it("gives the events after a version, and says when it does not reach back", () => {
    const { store } = newStore();
    const first = store.create(pods, pod("a"));
    store.create(nodes, { metadata: { name: "n1" } });
    const second = store.create(pods, pod("b"));
    const missed = store.since(pods, first.metadata.resourceVersion);
    expect(missed).toMatchObject([{ type: "ADDED", object: second }]);
    store.compact();
    expect(store.since(pods, first.metadata.resourceVersion)).toBe("expired");
    expect(store.since(pods, store.version())).toEqual([]);
  });

  it("delivers events in order to everybody, also when a listener writes", () => {
    const { store } = newStore();
    const seen: string[] = [];
    store.subscribe(({ type, object }) => {
      if (type === "ADDED")
        store.modify(pods, "app", object.metadata.name, (draft) => {
          draft.status = {};
        });
    });
    store.subscribe(({ type }) => void seen.push(type));
    store.create(pods, pod("a"));
    expect(seen).toEqual(["ADDED", "MODIFIED"]);
  });
});

describe("managedFields", () => {
  const kubelet = { manager: "kubelet", subresource: "status" };

  function entries(object: KubeObject | undefined): [string, string, unknown][] {
    return (object?.metadata.managedFields ?? []).map((entry) => [entry.manager, entry.time, entry.fieldsV1]);
  }

  it("say which manager set which field, and when that entry's fields last changed", async () => {
    const { store, clock } = newStore();
    store.create(pods, pod("a"), { manager: "scheduler" });
    await clock.advance(60_000);
    const status = { conditions: [{ type: "Ready", status: "True" }], containerStatuses: [{ name: "compute" }] };
    store.modify(
      pods,
      "app",
      "a",
      (draft) => {
        draft.status = status;
      },
      kubelet,
    );
    expect(entries(store.get(pods, "app", "a"))).toEqual([
      ["scheduler", "2026-08-22T10:00:00Z", { "f:spec": { "f:nodeName": {} } }],
      [
        "kubelet",
        "2026-08-22T10:01:00Z",
        {
          "f:status": {
            "f:conditions": { ".": {}, 'k:{"type":"Ready"}': { ".": {}, "f:status": {}, "f:type": {} } },
            "f:containerStatuses": {},
          },
        },
      ],
    ]);
  });

  it("pass a field on to the manager that changes its value, without touching the other's time", async () => {
    const { store, clock } = newStore();
    const metadata = { name: "n1", annotations: { "kubevirt.io/heartbeat": "1", other: "x" } };
    store.create(nodes, { metadata }, { manager: "kubectl" });
    await clock.advance(60_000);
    const beat = (draft: KubeObject): void => {
      draft.metadata.annotations = { ...metadata.annotations, "kubevirt.io/heartbeat": "2" };
    };
    store.modify(nodes, undefined, "n1", beat, { manager: "virt-handler" });
    expect(entries(store.get(nodes, undefined, "n1"))).toEqual([
      ["kubectl", "2026-08-22T10:00:00Z", { "f:metadata": { "f:annotations": { ".": {}, "f:other": {} } } }],
      [
        "virt-handler",
        "2026-08-22T10:01:00Z",
        { "f:metadata": { "f:annotations": { "f:kubevirt.io/heartbeat": {} } } },
      ],
    ]);
  });

  it("forget a field that is removed, by whomever", () => {
    const { store } = newStore();
    store.create(nodes, { metadata: { name: "n1" }, spec: { unschedulable: true } }, { manager: "kubectl" });
    store.modify(nodes, undefined, "n1", (draft) => void delete draft.spec.unschedulable, { manager: "other" });
    expect(entries(store.get(nodes, undefined, "n1"))).toEqual([]);
  });
});
