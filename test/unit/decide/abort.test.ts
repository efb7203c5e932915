/** The abort's decisions: what is undone, in which order, and what is left to others. */
import { describe, expect, test } from "vitest";
import { type AbortLedger, abortActions, decideAbort, noteResult } from "../../../lib/decide/abort.ts";
import type { Action, ActionResult } from "../../../lib/model/action.ts";
import type { Facts, RecordOnNode } from "../../../lib/model/facts.ts";
import type { OperationRecord } from "../../../lib/model/record.ts";
import { someFacts } from "../../builders/facts.ts";
import { aNode, at, now } from "../../builders/kubernetes.ts";
import { aMigration, aVmi } from "../../builders/kubevirt.ts";

const start = Date.parse(now);
const untouched: AbortLedger = { results: {} };
const quiet: AbortLedger = { results: {}, quietSince: start - 10_000 };
const intent = { node: "worker-1" };
const none: RecordOnNode = { kind: "none" };

/** The record of a drain whose undo has begun. */
function recorded(fields: Partial<OperationRecord> = {}): RecordOnNode {
  const record = { v: 1, kind: "drain", by: "ann", since: at(-60), cordonedByUs: true, taints: [], vms: [] } as const;
  return { kind: "record", record: { ...record, undone: true, ...fields } };
}

const cordoned = aNode("worker-1", { unschedulable: true });
const marked = aVmi("web", { evacuationNodeName: "worker-1" });
const cancel: Action = {
  kind: "cancel-evacuation",
  vmi: { namespace: "prod", name: "web", uid: "uid-vmi-web" },
  node: "worker-1",
};
const evacuation = aMigration("kubevirt-evacuation-1", "web", {
  annotations: { "kubevirt.io/evacuationMigration": "worker-1" },
});

const deletion: Action = {
  kind: "delete-migration",
  migration: { namespace: "prod", name: evacuation.metadata.name, uid: evacuation.metadata.uid },
};

function picture(fields: Partial<Facts>): Facts {
  return someFacts({ nodes: [cordoned, aNode("worker-2")], ...fields });
}

function kinds(facts: Facts, found: RecordOnNode, ledger = untouched): string[] {
  return decideAbort(facts, found, intent, ledger).actions.map((action) => action.kind);
}

test.each(["virtualmachineinstances", "virtualmachineinstancemigrations"])(
  "%s that could not be read: nothing is called undone, and the record stays",
  (resource) => {
    const facts = picture({ gaps: [{ resource, reason: "forbidden" }] });
    const release = decideAbort(facts, recorded(), intent, quiet).actions[0];
    expect(release).toMatchObject({ kind: "release-node", uncordon: true, record: false });
    const given = picture({ nodes: [aNode("worker-1")], gaps: facts.gaps });
    const decision = decideAbort(given, recorded(), intent, quiet);
    expect(decision).toMatchObject({ status: "incomplete", view: { failures: [expect.stringContaining(resource)] } });
  },
);

describe("KubeVirt's drain taint, set by somebody else", () => {
  const taint = { key: "kubevirt.io/drain", value: "draining", effect: "NoSchedule" };
  const node = aNode("worker-1", { unschedulable: true, taints: [taint] });
  const facts = picture({ nodes: [node], vmis: [marked], migrations: [evacuation] });

  test("keeps marks and migrations: taking them back would be refused, or undone at once", () => {
    expect(kinds(facts, recorded())).toEqual([]);
    expect(abortActions(facts, recorded(), intent).map((action) => action.kind)).toEqual(["release-node"]);
    const { view } = decideAbort(facts, recorded(), intent, quiet);
    expect(view.failures).toEqual([
      "vmi/web in prod: KubeVirt does not take its mark back while the node has the taint kubevirt.io/drain=draining:NoSchedule",
      "virtualmachineinstancemigration/kubevirt-evacuation-1 in prod: left alone, because KubeVirt would make it again",
    ]);
  });

  test("stays, and is named", () => {
    const { view } = decideAbort(picture({ nodes: [node] }), recorded(), intent, quiet);
    expect(view.leftAlone).toEqual([expect.stringContaining("the taint kubevirt.io/drain=draining:NoSchedule")]);
    expect(view.failures).toEqual([]);
  });
});

describe("the order does not race with KubeVirt's evacuation controller", () => {
  test("our taints come off first", () => {
    const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
    const facts = picture({ nodes: [aNode("worker-1", { unschedulable: true, taints: [taint] })], vmis: [marked] });
    const found = recorded({ taints: ["node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"] });
    expect(decideAbort(facts, found, intent, untouched).actions).toMatchObject([
      {
        kind: "release-node",
        taints: ["node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"],
        remainingTaints: [],
        uncordon: false,
      },
    ]);
  });

  test("then the marks, while the migrations still exist", () => {
    expect(kinds(picture({ vmis: [marked], migrations: [evacuation] }), recorded())).toEqual(["cancel-evacuation"]);
  });

  test("then the unfinished evacuation migrations", () => {
    expect(kinds(picture({ vmis: [aVmi("web")], migrations: [evacuation] }), recorded())).toEqual(["delete-migration"]);
  });

  test("then it looks for 6 s whether anything new appears", () => {
    const decision = decideAbort(picture({}), recorded(), intent, untouched);
    expect(decision).toMatchObject({
      status: "going",
      actions: [],
      wakeAt: start + 6000,
      waits: "6 s, in which KubeVirt must neither mark a VM again nor make a migration",
      ledger: { quietSince: start },
    });
  });

  test("which nothing has to be looked for where no drain is on record and nothing of one is there", () => {
    const free = picture({ nodes: [aNode("worker-1")] });
    expect(decideAbort(free, none, intent, untouched).status).toBe("done");
    // What this run has taken back may appear again all the same.
    const tried = noteResult(untouched, cancel, { kind: "done" }, start);
    expect(decideAbort(free, none, intent, tried).status).toBe("going");
    expect(
      decideAbort(
        picture({ gaps: [{ resource: "virtualmachineinstances", reason: "forbidden" }] }),
        none,
        intent,
        untouched,
      ).status,
    ).toBe("going");
  });

  test("and at last our own cordon and the record", () => {
    expect(decideAbort(picture({}), recorded(), intent, quiet).actions).toMatchObject([
      { kind: "release-node", uncordon: true, record: true },
    ]);
  });

  test("a mark that appears again starts it over", () => {
    const again = noteResult(quiet, cancel, { kind: "done" }, start);
    expect(again.quietSince).toBeUndefined();
  });

  test("done means that nothing of it is left", () => {
    expect(decideAbort(picture({ nodes: [aNode("worker-1")] }), none, intent, quiet).status).toBe("done");
  });
});

describe("what others set stays", () => {
  test("a cordon that was there before the drain", () => {
    const decision = decideAbort(picture({}), recorded({ cordonedByUs: false }), intent, quiet);
    expect(decision.actions).toMatchObject([{ uncordon: false, record: true }]);
    expect(decision.view.leftAlone[0]).toContain("cordoned before the drain");
  });

  test("a cordon of which no record says that it is ours", () => {
    const decision = decideAbort(picture({}), none, intent, quiet);
    expect(decision).toMatchObject({ status: "done", actions: [] });
    expect(decision.view.leftAlone[0]).toContain("no record");
  });

  test("a mark that the descheduler set, and its migration", () => {
    const vmi = {
      ...marked,
      metadata: { ...marked.metadata, annotations: { "kubevirt.io/eviction-source": "descheduler" } },
    };
    expect(kinds(picture({ vmis: [vmi], migrations: [evacuation] }), recorded())).toEqual([]);
  });

  test("a migration that a user started, and an evacuation of another node", () => {
    const other = aMigration("e2", "web", { annotations: { "kubevirt.io/evacuationMigration": "worker-2" } });
    expect(kinds(picture({ migrations: [aMigration("kubevirt-migrate-vm-1", "web"), other] }), recorded())).toEqual([]);
  });
});

describe("a migration past the point of no return is left to end", () => {
  test.each([
    ["the guest runs on the target", { targetNodeDomainReadyTimestamp: now }, []],
    ["post-copy", { mode: "PostCopy" }, []],
    ["still copying", { mode: "PreCopy" }, ["delete-migration"]],
  ])("%s", (_case, state, expected) => {
    const vmi = aVmi("web", { migrationState: { migrationUid: evacuation.metadata.uid, ...state } });
    expect(kinds(picture({ vmis: [vmi], migrations: [evacuation] }), recorded())).toEqual(expected);
  });

  test("the state of an earlier migration says nothing about this one", () => {
    const vmi = aVmi("web", { migrationState: { migrationUid: "older", mode: "PostCopy" } });
    expect(kinds(picture({ vmis: [vmi], migrations: [evacuation] }), recorded())).toEqual(["delete-migration"]);
  });
});

describe("what cannot be undone is said", () => {
  test.each([
    { kind: "damaged", text: "{" },
    { kind: "newer", text: "{v:2}", version: 2 },
  ] as const)("a $kind record is not guessed: it stays with the cordon, and the undo is incomplete", (found) => {
    const decision = decideAbort(picture({}), found, { ...intent, commandFlags: "--context=blue" }, quiet);
    expect(decision).toMatchObject({ status: "incomplete", actions: [] });
    expect(decision.view.failures[0]).toContain(
      "kubectl annotate node worker-1 kubectl-vmnode/operation- --context=blue",
    );
  });

  const refusal: ActionResult = { kind: "refused", code: 403, reason: "Forbidden", message: "may not" };

  test("without evacuate/cancel the marks stay, and so do the migrations that would be made again", () => {
    const facts = picture({ vmis: [marked], migrations: [evacuation], evacuateCancel: false });
    const decision = decideAbort(facts, recorded(), intent, quiet);
    expect(decision.actions.map((action) => action.kind)).toEqual(["release-node"]);
    expect(decision.actions).toMatchObject([{ uncordon: true, record: false }]);
    expect(decision.view.failures).toHaveLength(2);
  });

  test("unless a person asked for the impersonation of KubeVirt's controller", () => {
    const facts = picture({ vmis: [marked], evacuateCancel: false });
    const impersonate = "system:serviceaccount:kubevirt:kubevirt-controller";
    expect(decideAbort(facts, recorded(), { ...intent, impersonate }, untouched).actions).toMatchObject([
      { kind: "cancel-evacuation", impersonate },
    ]);
  });

  test("a migration whose mark could not be taken back is left alone, and that is said", () => {
    const ledger = { ...noteResult(untouched, cancel, refusal, start), quietSince: start - 10_000 };
    const { view, actions } = decideAbort(
      picture({ vmis: [marked], migrations: [evacuation] }),
      recorded(),
      intent,
      ledger,
    );
    expect(actions.map((action) => action.kind)).toEqual(["release-node"]);
    expect(view.failures[1]).toBe(
      "virtualmachineinstancemigration/kubevirt-evacuation-1 in prod: left alone, because KubeVirt would make it again",
    );
  });

  test("a missing right ends that part at once, and the rest is done", () => {
    const ledger = { ...noteResult(untouched, cancel, refusal, start), quietSince: start - 10_000 };
    const decision = decideAbort(picture({ vmis: [marked] }), recorded(), intent, ledger);
    expect(decision.actions).toMatchObject([{ kind: "release-node", uncordon: true, record: false }]);
    expect(decision.view.failures).toEqual([
      expect.stringMatching(/^vmi\/web in prod: may not \(needs "update" on virtualmachineinstances\/evacuate and/),
    ]);
    const released = { ...decision.ledger, quietSince: start - 10_000 };
    const after = decideAbort(picture({ nodes: [aNode("worker-1")], vmis: [marked] }), recorded(), intent, released);
    expect(after.status).toBe("incomplete");
  });

  test("a server error is tried again after 2 s, four times", () => {
    const fault: ActionResult = { kind: "refused", code: 500, reason: "", message: "boom" };
    let ledger = noteResult(untouched, cancel, fault, start - 1_000);
    expect(kinds(picture({ vmis: [marked] }), recorded(), ledger)).toEqual([]);
    ledger = noteResult(untouched, cancel, fault, start - 2_000);
    expect(kinds(picture({ vmis: [marked] }), recorded(), ledger)).toEqual(["cancel-evacuation"]);
    for (let tries = 0; tries < 3; tries += 1) ledger = noteResult(ledger, cancel, fault, start - 2_000);
    expect(kinds(picture({ vmis: [marked] }), recorded(), ledger)).toEqual([]);
  });

  test("a migration that is being cancelled is awaited, two minutes at most", () => {
    const ending = { ...evacuation, metadata: { ...evacuation.metadata, deletionTimestamp: at(-1) } };
    const asked = (seconds: number) => noteResult(untouched, deletion, { kind: "done" }, start - seconds * 1000);
    expect(decideAbort(picture({ migrations: [ending] }), recorded(), intent, asked(119))).toMatchObject({
      status: "going",
      actions: [],
      waits: "for the migrations to end: prod/web",
    });
    const late = { ...asked(121), quietSince: start - 10_000 };
    expect(decideAbort(picture({ migrations: [ending] }), recorded(), intent, late).view.failures).toHaveLength(1);
  });
});

test("a dry run lists every step in its order", () => {
  const actions = abortActions(picture({ vmis: [marked], migrations: [evacuation] }), recorded(), intent);
  expect(actions.map((action) => action.kind)).toEqual(["cancel-evacuation", "delete-migration", "release-node"]);
});
