/** The truth table, part two: nodes that are dead. Their VMs come back, none of them twice, and nothing is destroyed twice. */
import { expect, test } from "vitest";
import type { KubeResponse } from "../../../lib/kube/request.ts";
import type { PastStep } from "../../../lib/practice/scenarios/scenario.ts";
import { bareMetalHost, fenceAgents, machine, nodeMaintenance } from "./kinds.ts";
import { consent, lost, lostVms, openStage, type Play, powerLoss, type Stage, scenarioOf, word } from "./stage.ts";

interface Row {
  readonly name: string;
  readonly past?: readonly PastStep[];
  readonly prepare?: (stage: Stage) => void;
  readonly play?: Play;
  /** What follows `recover worker-1`; a person's word when absent. */
  readonly flags?: string;
  /** What is said while it is looked at. */
  readonly says?: RegExp;
  readonly verdict: "proven-dead" | "unproven";
}

const tenMinutes = 600_000;
const nodes = { group: "", resource: "nodes" };
const leases = { group: "coordination.k8s.io", resource: "leases" };

const rows: readonly Row[] = [
  { name: "powered off, nobody knows it", verdict: "unproven" },
  { name: "powered off, typed at a terminal", flags: "", play: { answers: [lost] }, verdict: "unproven" },
  {
    name: "powered off, and the cloud says so",
    prepare: ({ cluster }) =>
      cluster.store.modify(nodes, undefined, lost, (draft) => {
        const taint = { key: "node.cloudprovider.kubernetes.io/shutdown", effect: "NoSchedule" };
        draft.spec.taints = [...(draft.spec.taints ?? []), taint];
      }),
    flags: consent,
    verdict: "proven-dead",
  },
  {
    name: "powered off, and its BMC says so",
    prepare: (stage) => {
      const annotations = { "metal3.io/BareMetalHost": "default/rack-7" };
      stage.install(machine, { name: "m-7", annotations });
      stage.install(bareMetalHost, { name: "rack-7", status: { poweredOn: false, operationalStatus: "OK" } });
      stage.cluster.store.modify(nodes, undefined, lost, ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, "machine.openshift.io/machine": "default/m-7" };
      });
    },
    flags: consent,
    verdict: "proven-dead",
  },
  {
    name: "fenced, and the remediation left behind is waived",
    prepare: (stage) => {
      const condition = {
        type: "FenceAgentActionSucceeded",
        status: "True",
        lastTransitionTime: "2026-11-21T11:56:00Z",
      };
      stage.install(fenceAgents, { name: lost, spec: {}, status: { conditions: [condition] } });
    },
    flags: `${consent} --waive HeldByRemediation`,
    verdict: "proven-dead",
  },
  {
    name: "in NodeMaintenance when it died, which is waived",
    prepare: (stage) => stage.install(nodeMaintenance, { name: "fan", spec: { nodeName: lost } }),
    flags: `${word} --waive HeldByNodeMaintenance`,
    verdict: "unproven",
  },
  {
    name: "its clock was 10 min ahead",
    past: [{ ago: "10m", host: lost, fault: { clockSkewMs: tenMinutes } }, powerLoss],
    verdict: "unproven",
  },
  {
    name: "its clock was 10 min behind",
    past: [{ ago: "10m", host: lost, fault: { clockSkewMs: -tenMinutes } }, powerLoss],
    verdict: "unproven",
  },
  { name: "our clock is 10 min ahead", play: { skewMs: tenMinutes }, verdict: "unproven" },
  { name: "our clock is 10 min behind", play: { skewMs: -tenMinutes }, verdict: "unproven" },
  {
    name: "it bears no heartbeat",
    prepare: ({ cluster }) =>
      cluster.store.modify(nodes, undefined, lost, ({ metadata }) => {
        delete metadata.annotations?.["kubevirt.io/heartbeat"];
      }),
    verdict: "unproven",
  },
  {
    name: "it has no Lease",
    prepare: ({ cluster }) => cluster.store.delete(leases, "kube-node-lease", lost),
    verdict: "unproven",
  },
  {
    name: "it crashed a minute ago, and we wait until that can be told",
    past: [{ ...powerLoss, ago: "60s" }],
    flags: `${word} --wait`,
    says: /^undecided: .*Waiting until/m,
    verdict: "unproven",
  },
  {
    name: "the API server tells of no field when it was written: 150 s without a change are waited for",
    play: { alter: withoutManagedFields },
    flags: `${word} --wait`,
    says: /^undecided: .*Waiting until/m,
    verdict: "unproven",
  },
  {
    name: "the API server tells no time at all, and our clock is 10 min ahead",
    play: { alter: (answer) => ({ ...withoutManagedFields(answer), serverTime: undefined }), skewMs: tenMinutes },
    flags: `${word} --wait`,
    says: /^undecided: .*Waiting until/m,
    verdict: "unproven",
  },
  {
    name: "its Node object was deleted",
    prepare: ({ cluster }) => cluster.faults.deleteNodeObject(lost),
    verdict: "unproven",
  },
  {
    name: "a colleague has set the out-of-service taint already",
    prepare: ({ cluster }) =>
      cluster.store.modify(nodes, undefined, lost, (draft) => {
        const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
        draft.spec.taints = [...(draft.spec.taints ?? []), taint];
      }),
    verdict: "unproven",
  },
  {
    name: "the other pods must stay: pods and attachments are deleted one kind after the other",
    flags: `${word} --keep-other-pods`,
    verdict: "unproven",
  },
];

test("10 s after the crash it is refused, and not for good: --wait recovers it when that can be told", async () => {
  const stage = await openStage(scenarioOf([{ ...powerLoss, ago: "10s" }]));
  try {
    const line = `recover ${lost} ${word}`;
    expect(await stage.run(line)).toMatchObject({ code: 3 });
    expect(stage.writes()).toEqual([]);
    const { code, stderr } = await stage.run(`${line} --wait`);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/alive.*Waiting whether that goes on.*^undecided: .*Waiting until/ms),
    });
    expect(stage.recovered()).toEqual(lostVms);
    expect(stage.cluster.doubleRuns).toEqual([]);
  } finally {
    await stage.close();
  }
});

test.each(rows)("$name", async ({ past = [powerLoss], prepare, play, flags = word, says = /Listening/, verdict }) => {
  const stage = await openStage(scenarioOf(past));
  try {
    prepare?.(stage);
    const { code, stdout, stderr } = await stage.run(`recover ${lost} ${flags}`, play);
    expect(stdout).toContain(`Verdict: ${verdict}.`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(says) });
    expect(stage.recovered()).toEqual(lostVms);
    for (const vm of lostVms) expect(stdout).toMatch(new RegExp(`${vm} +on worker-[23], \\d+ s after`));
    expect(stage.deletions()).toEqual([...new Set(stage.deletions())]);
    expect(stage.cluster.doubleRuns).toEqual([]);
  } finally {
    await stage.close();
  }
});

function withoutManagedFields(answer: KubeResponse): KubeResponse {
  const body = JSON.stringify(answer.body, (key, value) => (key === "managedFields" ? undefined : value));
  return { ...answer, body: body === undefined ? undefined : JSON.parse(body) };
}
