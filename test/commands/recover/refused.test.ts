/** The truth table, part one: nodes that live, or may. Whatever is asserted on the command line, nothing is written to the cluster. */
import { expect, test } from "vitest";
import { InterruptedError } from "../../../lib/model/errors.ts";
import type { PastStep } from "../../../lib/practice/scenarios/scenario.ts";
import { violations } from "../../unit/report/json-schema.ts";
import { fenceAgents, nodeMaintenance } from "./kinds.ts";
import { consent, lost, openStage, type Play, powerLoss, type Stage, scenarioOf, word } from "./stage.ts";

interface Row {
  readonly name: string;
  readonly past?: readonly PastStep[];
  readonly prepare?: (stage: Stage) => void;
  readonly play?: (stage: Stage) => Play;
  /** What follows `recover worker-1`; the whole consent when absent. */
  readonly flags?: string;
  readonly code: 0 | 1 | 2 | 3 | 130;
  readonly says: RegExp;
}

const kubeletDead: PastStep = { ago: "8m", host: lost, fault: { kubelet: false } };
const bothDead: PastStep = { ago: "8m", host: lost, fault: { kubelet: false, handler: false } };
const cutOff: PastStep = { ago: "8m", host: lost, fault: { connected: false } };
const tenMinutes = 600_000;
const nodes = { group: "", resource: "nodes" };
const leases = { group: "coordination.k8s.io", resource: "leases" };

/** The node's Lease is asked for once in the first look, once after listening, and then before each step. */
function atLeaseReading(count: number, act: () => Promise<void> | void): Play["before"] {
  let seen = 0;
  return async ({ path }) => {
    if (!path.endsWith(`/leases/${lost}`)) return;
    seen += 1;
    if (seen === count) await act();
  };
}

const rows: readonly Row[] = [
  { name: "a node in good health", code: 3, says: /worker-1 is alive: its kubelet renewed its lease/ },
  {
    name: "kubelet dead, host alive: virt-handler reports",
    past: [kubeletDead],
    code: 3,
    says: /The host of worker-1 is alive although its kubelet is not heard: its virt-handler has reported/,
  },
  {
    name: "virt-handler dead alone",
    past: [{ ago: "8m", host: lost, fault: { handler: false } }],
    code: 3,
    says: /alive: its kubelet renewed its lease/,
  },
  {
    name: "both dead, host alive: no sign of it, so nobody's word is not enough",
    past: [bothDead],
    flags: consent,
    code: 2,
    says: /consent is missing: --node-is-powered-off/,
  },
  {
    name: "network split between node and API server: the same",
    past: [cutOff],
    flags: consent,
    code: 2,
    says: /consent is missing: --node-is-powered-off/,
  },
  {
    name: "the API server is unreachable from us only",
    past: [powerLoss],
    play: ({ cluster }) => ({ before: () => cluster.server.setFault(() => ({ kind: "refuse" })) }),
    code: 1,
    says: /^error: /,
  },
  {
    name: "the API server becomes unreachable from us while we listen",
    past: [powerLoss],
    play: ({ cluster }) => ({
      before: atLeaseReading(2, () => cluster.server.setFault(() => ({ kind: "refuse" }))),
    }),
    code: 3,
    // To wait would be to no end where it may not be read.
    says: /could not be read.*\n.*ask again when it can be read/,
  },
  {
    name: "crash 10 s ago",
    past: [{ ...powerLoss, ago: "10s" }],
    code: 3,
    says: /worker-1 is alive: its kubelet renewed its lease 10s ago/,
  },
  {
    name: "crash 35 s ago",
    past: [{ ...powerLoss, ago: "35s" }],
    code: 3,
    says: /If it has only just crashed, that will show at/,
  },
  {
    name: "crash 60 s ago",
    past: [{ ...powerLoss, ago: "60s" }],
    code: 3,
    says: /it cannot be told yet whether worker-1 is dead.*\n.*--wait waits until it can/,
  },
  {
    name: "rebooted and back",
    past: [powerLoss, { ago: "5m", host: lost, fault: { powered: true } }],
    code: 3,
    says: /alive/,
  },
  {
    name: "back while we listen",
    past: [powerLoss],
    play: ({ cluster, later }) => {
      later(8_000, () => cluster.faults.restore(lost));
      return {};
    },
    code: 3,
    says: /alive|has rebooted/,
  },
  {
    name: "the network is back while we listen",
    past: [cutOff],
    play: ({ cluster, later }) => {
      later(8_000, () => cluster.faults.restore(lost));
      return {};
    },
    code: 3,
    says: /alive/,
  },
  {
    name: "kubelet dead, host alive, its clock 10 min ahead",
    past: [{ ago: "10m", host: lost, fault: { clockSkewMs: tenMinutes } }, kubeletDead],
    code: 3,
    says: /alive although its kubelet is not heard/,
  },
  {
    name: "kubelet dead, host alive, its clock 10 min behind",
    past: [{ ago: "10m", host: lost, fault: { clockSkewMs: -tenMinutes } }, kubeletDead],
    code: 3,
    says: /alive although its kubelet is not heard/,
  },
  {
    name: "kubelet dead, host alive, our clock 10 min ahead",
    past: [kubeletDead],
    play: () => ({ skewMs: tenMinutes }),
    code: 3,
    says: /alive although its kubelet is not heard/,
  },
  {
    name: "a node in good health, our clock 10 min behind",
    play: () => ({ skewMs: -tenMinutes }),
    code: 3,
    says: /worker-1 is alive/,
  },
  {
    name: "kubelet dead, host alive, without a heartbeat: its word is missing, not its life disproved",
    past: [bothDead],
    prepare: withoutHeartbeat,
    flags: consent,
    code: 2,
    says: /consent is missing: --node-is-powered-off/,
  },
  {
    name: "without a Lease, kubelet dead, host alive",
    past: [kubeletDead],
    prepare: withoutLease,
    code: 3,
    says: /alive although its kubelet is not heard/,
  },
  {
    name: "without a Lease that anybody may read, the node in good health",
    prepare: withoutLease,
    code: 3,
    says: /worker-1 is alive/,
  },
  {
    name: "in NodeMaintenance when it died",
    past: [powerLoss],
    prepare: (stage) => stage.install(nodeMaintenance, { name: "fan", spec: { nodeName: lost, reason: "new fan" } }),
    code: 3,
    says: /held by nodemaintenance\/fan.*new fan\n.*--waive HeldByNodeMaintenance/,
  },
  {
    name: "remediation under way",
    past: [powerLoss],
    prepare: (stage) => stage.install(fenceAgents, { name: lost, spec: {} }),
    code: 3,
    says: /held by fenceagentsremediation\/worker-1.*\n.*--waive HeldByRemediation/,
  },
  {
    name: "somebody else recovers it",
    past: [powerLoss],
    prepare: ({ cluster }) => {
      const record = {
        v: 1,
        kind: "recover",
        by: "jane",
        since: "2026-11-21T11:58:00Z",
        cordonedByUs: true,
        taints: [],
        vms: [],
      };
      cluster.store.modify(nodes, undefined, lost, (draft) => {
        draft.spec.unschedulable = true;
        draft.metadata.annotations = {
          ...draft.metadata.annotations,
          "kubectl-vmnode/operation": JSON.stringify(record),
        };
      });
    },
    code: 3,
    says: /recover by jane since.*\n.*--waive HeldByOperation/,
  },
  {
    name: "a record that cannot be understood",
    past: [powerLoss],
    prepare: ({ cluster }) => {
      cluster.store.modify(nodes, undefined, lost, (draft) => {
        draft.metadata.annotations = { ...draft.metadata.annotations, "kubectl-vmnode/operation": '{"v":2}' };
      });
    },
    code: 3,
    says: /a record of a newer version.*\n.*kubectl annotate node worker-1 kubectl-vmnode\/operation-/,
  },
  {
    name: "dead, and no consent",
    past: [powerLoss],
    flags: "",
    code: 2,
    says: /--yes --confirm-node worker-1 --node-is-powered-off/,
  },
  {
    name: "dead, and no name",
    past: [powerLoss],
    flags: "--yes",
    code: 2,
    says: /consent is missing: --confirm-node worker-1/,
  },
  {
    name: "dead, and another name",
    past: [powerLoss],
    flags: "--yes --confirm-node worker-2 --node-is-powered-off 'seen'",
    code: 2,
    says: /--confirm-node=worker-2 is not the node/,
  },
  {
    name: "dead, and another name typed",
    past: [powerLoss],
    flags: "",
    play: () => ({ answers: ["worker-2"] }),
    code: 1,
    says: /recover is cancelled: that is not the node's name/,
  },
  { name: "dead, and only looked at", past: [powerLoss], flags: "--dry-run", code: 0, says: /Listening/ },
  {
    name: "dead, and Ctrl-C while we listen",
    past: [powerLoss],
    play: ({ later }) => {
      const stop = new AbortController();
      later(5_000, () => stop.abort(new InterruptedError("SIGINT", "interrupted by SIGINT")));
      return { signal: stop.signal };
    },
    code: 130,
    says: /Listening/,
  },
  {
    name: "back between the consent and the first step",
    past: [powerLoss],
    play: ({ cluster, pass }) => ({
      before: atLeaseReading(3, async () => {
        cluster.faults.restore(lost);
        await pass(2_000);
      }),
    }),
    code: 3,
    says: /Listening/,
  },
];

test.each(rows)("$name: exit $code", async ({ past = [], prepare, play, flags = word, code, says }) => {
  const stage = await openStage(scenarioOf(past));
  try {
    prepare?.(stage);
    const run = await stage.run(`recover ${lost} ${flags}`, play?.(stage));
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code, stderr: expect.stringMatching(says) });
    expect(stage.writes()).toEqual([]);
    expect(stage.cluster.doubleRuns).toEqual([]);
  } finally {
    await stage.close();
  }
});

test("without a node: which look lost, as a table and as JSON, and nothing is written", async () => {
  const stage = await openStage(scenarioOf([powerLoss]));
  try {
    const { code, stdout } = await stage.run("recover");
    expect(stdout).toMatch(/^worker-1 +3 +unproven +Nothing has been heard from worker-1 for \d/m);
    expect(stdout).toContain("kubectl vmnode recover worker-1 --dry-run");
    expect(code).toBe(0);
    const document = JSON.parse((await stage.run("recover -o json")).stdout);
    expect(violations(document)).toEqual([]);
    const { items, ...head } = document;
    expect(head).toEqual({ apiVersion: "vmnode/v1", kind: "SuspectList" });
    expect(items).toMatchObject([{ node: lost, vms: 3, verdict: "unproven", rebooted: false }]);
    expect(stage.writes()).toEqual([]);
    stage.cluster.faults.restore(lost);
    await stage.pass(120_000);
    expect((await stage.run("recover")).stdout).toBe("No node looks lost: all are Ready.");
  } finally {
    await stage.close();
  }
});

function withoutHeartbeat({ cluster }: Stage): void {
  cluster.store.modify(nodes, undefined, lost, ({ metadata }) => {
    delete metadata.annotations?.["kubevirt.io/heartbeat"];
  });
}

function withoutLease({ cluster }: Stage): void {
  cluster.store.delete(leases, "kube-node-lease", lost);
}
