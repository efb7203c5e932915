/** What is told of a migration: where it goes, what keeps it from beginning, and that nobody attends to it. */

import { describe, expect, test } from "vitest";
import { decideDrain } from "../../../lib/decide/drain.ts";
import { emptyLedger, type Ledger } from "../../../lib/decide/ledger.ts";
import { aCondition, aNode, at } from "../../builders/kubernetes.ts";
import { aLauncherPod, aMigration, aVmi } from "../../builders/kubevirt.ts";
import { start, stateOf } from "./looks.ts";
import { aTurn, aVerdict } from "./verdicts.ts";

describe("virt-controller that does nothing about the marks", () => {
  const marked = { vmis: [aVmi("web", { evacuationNodeName: "worker-1" })] };
  const queued = (seconds: number): Ledger => ({
    ...emptyLedger(start),
    seen: { "uid-vmi-web": { state: "queued", row: "D13", phase: "", since: start - seconds * 1000 } },
  });
  const trouble = (facts: Parameters<typeof aTurn>[0]["facts"], seconds: number) =>
    decideDrain({
      ...aTurn({ here: [aVerdict("web")], facts: { ...marked, ...facts }, ledger: queued(seconds) }),
      commandFlags: "--context=blue",
    }).progress.trouble;

  test("is told after a minute, with the command that shows it", () => {
    expect(trouble({}, 59)).toEqual([]);
    expect(trouble({}, 60)).toEqual([
      expect.stringMatching(/virt-controller.*kubectl get pods -A -l kubevirt.io=virt-controller --context=blue$/),
    ]);
  });

  test("is suspected, too, when a migration has no phase a minute after it was made", () => {
    const made = (seconds: number) =>
      trouble({ migrations: [aMigration("m", "db", { phase: "", created: at(seconds) })] }, 0);
    expect(made(-59)).toEqual([]);
    expect(made(-60)).toEqual([expect.stringMatching(/not looked at the migration of prod\/db.*virt-controller/)]);
  });

  test("is suspected, too, when a migration is not closed a minute after its VM has arrived", () => {
    const here = [aVerdict("mail")];
    const arrived = (seconds: number, created: number) => {
      const facts = {
        vmis: [aVmi("web", { node: "worker-2" }), aVmi("mail", { evacuationNodeName: "worker-1" })],
        migrations: [
          aMigration("m", "web", { created: at(created) }),
          aMigration("n", "mail", { phase: "Pending", created: at(-200) }),
        ],
      };
      const seen = { "uid-vmi-web": { state: "moved", row: "", phase: "", since: start - seconds * 1000 } } as const;
      const ledger = { ...emptyLedger(start), seen };
      return decideDrain(aTurn({ here, planned: [aVerdict("web"), ...here], facts, ledger })).progress.trouble;
    };
    expect(arrived(59, -200)).toEqual([]);
    expect(arrived(60, -200)).toEqual([
      expect.stringMatching(/not closed the migration of prod\/web.*virt-controller/),
    ]);
    // It has been sent on from where it had arrived.
    expect(arrived(60, -30)).toEqual([]);
  });

  test("is not suspected while migrations take the slots", () => {
    expect(trouble({ runningMigrations: 1 }, 90)).toEqual([]);
    expect(trouble({ migrations: [aMigration("m", "mail", { phase: "Running" })] }, 90)).toEqual([]);
  });
});

describe("a migration that cannot begin", () => {
  const pending = aMigration("m", "web", { phase: "Pending" });
  const condition = aCondition("migrationRejectedByResourceQuota", "True");
  const migrations = [{ ...pending, status: { ...pending.status, conditions: [condition] } }];
  const here = [aVerdict("web", "D5")];

  test("tells why, and blocks after five minutes, so that the drain can end", () => {
    let ledger = emptyLedger(start);
    const lookAt = (seconds: number) => {
      const turn = aTurn({ here, facts: { migrations, time: at(seconds) }, ledger });
      const decision = decideDrain({ ...turn, commandFlags: "--context=blue" });
      ledger = decision.ledger;
      return { status: decision.status, ...decision.progress.vms[0] };
    };
    expect(lookAt(0)).toMatchObject({
      state: "held",
      detail: "its migration cannot begin: a resource quota of its namespace refuses the target pod",
      fix: "kubectl describe vmim -n prod -l kubevirt.io/vmi-name=web --context=blue",
      until: at(300),
    });
    expect(lookAt(299).state).toBe("held");
    for (const seconds of [300, 359]) expect(lookAt(seconds)).toMatchObject({ state: "blocked", status: "going" });
    expect(lookAt(360).status).toBe("stuck");
  });

  test("is held up where KubeVirt makes no target pod, as the check says", () => {
    const reason = "KubeVirt has made no target pod for it.";
    const fix = "kubectl describe vmi web -n prod";
    const object = { kind: "virtualmachineinstance", namespace: "prod", name: "web" };
    const proof = { object, field: "status.phase", value: "Pending" };
    const unmade = [
      aVerdict("web", "D5", { findings: [{ code: "TargetNotMade", severity: "risk", object, reason, proof, fix }] }),
    ];
    const turn = aTurn({ here: unmade, facts: { migrations: [pending] } });
    expect(stateOf(turn, "web")).toMatchObject({
      ...{ state: "held", code: "TargetNotMade", detail: reason, fix, until: at(300) },
    });
  });

  test("is queued as long as it only waits for a slot", () => {
    expect(stateOf(aTurn({ here, facts: { migrations: [pending] } }), "web")?.state).toBe("queued");
  });
});

describe("where a migration goes", () => {
  const failedBefore = { migrationUid: "uid-old", targetNode: "worker-3", failed: true, completed: true };
  const here = [aVerdict("web", "D5")];

  test("is not told from the state of the migration before it", () => {
    const vmis = [aVmi("web", { migrationState: failedBefore })];
    const facts = { vmis, migrations: [aMigration("new", "web", { phase: "Scheduling" })] };
    expect(stateOf(aTurn({ here, facts }), "web")).toMatchObject({ state: "migrating", target: undefined });
  });

  test("is told by the VMI when the migration has just ended", () => {
    const vmis = [aVmi("web", { migrationState: { ...failedBefore, failed: false } })];
    expect(stateOf(aTurn({ here, facts: { vmis } }), "web")?.target).toBe("worker-3");
  });
});

describe("a migration whose target pod finds no node", () => {
  const web = aVmi("web");
  const migration = aMigration("m", "web", { phase: "Scheduling" });
  const unschedulable = aCondition("PodScheduled", "False", {
    reason: "Unschedulable",
    message: "0/3 nodes are available: 3 cordoned. no new claims to deallocate, preemption: not helpful.",
  });
  const target = aLauncherPod(web, {
    name: "virt-launcher-web-target",
    uid: "target",
    phase: "Pending",
    labels: { "kubevirt.io/migrationJobUID": migration.metadata.uid },
    creationTimestamp: at(-60),
    conditions: [unschedulable],
  });
  const pods = [aLauncherPod(web), { ...target, spec: { ...target.spec, nodeName: undefined } }];
  const others = [2, 3].map((at) => aNode(`worker-${at}`, { ready: "False" }));
  const facts = { vmis: [web], migrations: [migration], pods, nodes: [aNode("worker-1"), ...others] };

  test("shows why, and until when it holds a slot", () => {
    expect(stateOf(aTurn({ here: [aVerdict("web", "D5")], facts }), "web")).toMatchObject({
      state: "migrating",
      phase: "Scheduling",
      until: at(240),
      detail: "no node takes its target pod, which holds a slot: worker-2, worker-3: not Ready",
    });
  });

  test("shows what the scheduler says where not every node is known to refuse it", () => {
    const changed = { ...facts, nodes: [...facts.nodes, aNode("worker-4")] };
    expect(stateOf(aTurn({ here: [aVerdict("web", "D5")], facts: changed }), "web")?.detail).toBe(
      "no node takes its target pod, which holds a slot: 0/3 nodes are available: 3 cordoned",
    );
  });

  test("waits where pods of lower priority make way for it", () => {
    const pushesOut = {
      code: "PushesOutOthers",
      severity: "risk",
      object: { kind: "virtualmachineinstance", namespace: "prod", name: "web" },
      reason: "No other node fits.",
      proof: { object: { kind: "node", name: "worker-2" }, field: "x", value: "y" },
    } as const;
    const verdict = aVerdict("web", "D5", { findings: [pushesOut] });
    expect(stateOf(aTurn({ here: [verdict], facts }), "web")).toMatchObject({
      state: "migrating",
      until: at(240),
      detail: "waits for pods of lower priority to end",
    });
  });
});
