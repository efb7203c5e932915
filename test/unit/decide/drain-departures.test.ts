/** What became of a VM that is no longer on the node. */

import { describe, expect, test } from "vitest";
import { decideDrain } from "../../../lib/decide/drain.ts";
import { emptyLedger, type Ledger } from "../../../lib/decide/ledger.ts";
import { aCondition, aMeta, at } from "../../builders/kubernetes.ts";
import { aMigration, aVm, aVmi } from "../../builders/kubevirt.ts";
import { start, stateOf } from "./looks.ts";
import { aTurn, aVerdict } from "./verdicts.ts";

describe("what became of a VM that is no longer on the node", () => {
  const gone = (planned: ReturnType<typeof aVerdict>, facts: Parameters<typeof aTurn>[0]["facts"], ledger?: Ledger) =>
    stateOf(aTurn({ here: [], planned: [planned], facts: facts ?? {}, ...(ledger ? { ledger } : {}) }), planned.name);

  test("the same VMI on another node has moved", () => {
    expect(gone(aVerdict("web"), { vmis: [aVmi("web", { node: "worker-3" })] })).toMatchObject({
      state: "moved",
      target: "worker-3",
    });
  });

  test("its succeeded migration tells where it went, although the watch no longer sees the VMI", () => {
    const state = { sourceNode: "worker-1", targetNode: "worker-2", sourcePod: "virt-launcher-web-x2x4l" };
    const facts = { migrations: [aMigration("m", "web", { phase: "Succeeded", state })] };
    expect(gone(aVerdict("web"), facts)).toMatchObject({ state: "moved", target: "worker-2" });
  });

  test("one that was on its way before took as long as its migration", () => {
    const state = { sourceNode: "worker-1", targetNode: "worker-2" };
    const migrations = [aMigration("m", "web", { phase: "Succeeded", state, created: at(-40) })];
    expect(gone(aVerdict("web"), { migrations })?.seconds).toBe(40);
  });

  test("an old migration of another pod does not", () => {
    const state = { sourceNode: "worker-1", targetNode: "worker-2", sourcePod: "virt-launcher-web-older" };
    const facts = { migrations: [aMigration("m", "web", { phase: "Succeeded", state })] };
    expect(gone(aVerdict("web"), facts)?.state).toBe("migrating");
  });

  test("another VMI of that name that runs elsewhere was restarted", () => {
    const facts = { vmis: [aVmi("ci", { uid: "new", node: "worker-2" })] };
    expect(gone(aVerdict("ci", "D19"), facts)).toMatchObject({ state: "restarted", target: "worker-2" });
  });

  test("one that is to restart but has not begun is starting", () => {
    expect(gone(aVerdict("ci", "D19"), {})?.state).toBe("starting");
  });

  test("a start that shows a cause for a minute has failed, and the cause is told", () => {
    const virtualMachines = [aVm("ci", { printableStatus: "ErrorUnschedulable" })];
    const seen = { "uid-vmi-ci": { state: "starting", row: "", phase: "", since: start - 60_000 } } as const;
    const ledger = { ...emptyLedger(start), seen };
    expect(gone(aVerdict("ci", "D19"), { virtualMachines }, ledger)).toMatchObject({
      state: "failed",
      detail: expect.stringContaining("ErrorUnschedulable"),
    });
    expect(gone(aVerdict("ci", "D19"), {}, ledger)?.state).toBe("starting");
  });

  describe("one whose new pod a quota refuses", () => {
    const pending = aVmi("ci", { uid: "new", node: undefined, phase: "Pending" });
    const refused = 'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2';
    const message = `failed to create virtual machine pod: ${refused}`;
    const conditions = [aCondition("Synchronized", "False", { reason: "FailedCreate", message })];
    const facts = { vmis: [{ ...pending, status: { ...pending.status, conditions } }] };
    const since = (seconds: number) => {
      const state = { state: "starting", row: "", phase: "", since: start - seconds * 1000 } as const;
      return { ...emptyLedger(start), seen: { "uid-vmi-ci": state } };
    };

    test("may start within a minute, when what has just ended counts no more", () => {
      expect(gone(aVerdict("ci", "D19"), facts, since(59))).toMatchObject({
        state: "starting",
        detail: "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2",
      });
    });

    test("has failed then, with the command that shows the quota", () => {
      expect(gone(aVerdict("ci", "D19"), facts, since(60))).toMatchObject({
        state: "failed",
        detail: expect.stringMatching(/^was shut down, but does not run again: exceeded quota: small, requested/),
        fix: "kubectl describe quota small -n prod",
      });
    });

    test("or a LimitRange, is told in the server's words, and has failed after a minute, too", () => {
      const words = 'failed to create virtual machine pod: Pod "x" is invalid: must be less than the memory limit';
      const synchronized = (reason: string) => {
        const condition = aCondition("Synchronized", "False", { reason, message: words });
        return { vmis: [{ ...pending, status: { ...pending.status, conditions: [condition] } }] };
      };
      const starting = (reason: string, seconds: number) =>
        gone(aVerdict("ci", "D19"), synchronized(reason), since(seconds));
      expect(starting("FailedCreate", 59)).toMatchObject({ state: "starting", detail: words });
      expect(starting("FailedCreate", 60)).toMatchObject({
        state: "failed",
        detail: `was shut down, but does not run again: ${words}`,
      });
      // Anything else may be over with KubeVirt's next look.
      expect(starting("Synchronizing", 60)).toMatchObject({ state: "starting", detail: undefined });
    });

    test("has stopped at once where that was foretold", () => {
      expect(gone(aVerdict("ci", "D18b", { outcome: "stops" }), facts)).toMatchObject({ state: "stopped" });
    });
  });

  test("one that was to stay down, and that no node can start again, has stopped as foretold", () => {
    const facts = {
      vmis: [aVmi("bench", { uid: "new", node: undefined, phase: "Scheduling" })],
      virtualMachines: [aVm("bench", { printableStatus: "ErrorUnschedulable" })],
    };
    expect(gone(aVerdict("bench", "D21"), facts)).toMatchObject({ state: "stopped" });
  });

  test("one that stops has stopped", () => {
    expect(gone(aVerdict("bench", "D21"), {})?.state).toBe("stopped");
  });

  describe("under RerunOnFailure, where it depends on how the guest ended", () => {
    const rerun = aVerdict("ci", "D20", { outcome: "stops" });
    const machine = (printableStatus: string) => ({
      virtualMachines: [aVm("ci", { runStrategy: "RerunOnFailure", printableStatus })],
    });

    test("is looked up before anything is said of it", () => {
      const decision = decideDrain(aTurn({ here: [], planned: [rerun], facts: machine("Running") }));
      expect(decision.progress.vms[0]?.state).toBe("shutting-down");
      expect(decision.departed.map((vm) => vm.name)).toEqual(["ci"]);
    });

    test.each([
      ["it obeyed", { ...machine("Stopping"), vmis: [aVmi("ci", { phase: "Succeeded" })] }, "stopped"],
      ["it was destroyed", { ...machine("Stopping"), vmis: [aVmi("ci", { phase: "Failed" })] }, "starting"],
      ["nothing is left of it, for a moment", { ...machine("Stopped"), absent: ["prod/ci"] }, "starting"],
      ["it is started again", { ...machine("Starting"), absent: ["prod/ci"] }, "starting"],
      ["it runs again", { ...machine("Running"), vmis: [aVmi("ci", { uid: "new", node: "worker-2" })] }, "restarted"],
    ] as const)("%s", (_case, facts, state) => {
      expect(gone(rerun, facts)?.state).toBe(state);
    });

    test("has stopped when its VM goes on saying so", () => {
      const seen = { "uid-vmi-ci": { state: "starting", row: "", phase: "", since: start - 10_000 } } as const;
      const facts = { ...machine("Stopped"), absent: ["prod/ci"] };
      expect(gone(rerun, facts, { ...emptyLedger(start), seen })?.state).toBe("stopped");
    });

    test("goes on starting when the ended VMI vanishes before the next look", () => {
      const seen = { "uid-vmi-ci": { state: "starting", row: "", phase: "", since: start - 3000 } } as const;
      expect(gone(rerun, machine("Running"), { ...emptyLedger(start), seen })?.state).toBe("starting");
    });
  });

  describe("of a replica set, which starts another in its place", () => {
    const lost = aVerdict("web", "D19", { owner: { kind: "VirtualMachineInstanceReplicaSet", name: "rs" } });
    const sets = (readyReplicas: number) => ({
      replicaSets: [{ metadata: aMeta("rs", { namespace: "prod" }), replicas: 2, readyReplicas }],
    });

    test("it has stopped as agreed where no node takes the other one", () => {
      const owner = { kind: "VirtualMachineInstanceReplicaSet", name: "rs" };
      const down = aVerdict("web", "D18b", { outcome: "stops", owner });
      const absent = { absent: ["prod/web"] };
      expect(gone(down, { ...sets(1), ...absent })?.state).toBe("stopped");
      expect(gone(down, { ...sets(2), ...absent })?.state).toBe("restarted");
    });

    test("it is starting until the set is complete again", () => {
      expect(gone(lost, {})?.state).toBe("starting");
      expect(gone(lost, sets(1))?.state).toBe("starting");
      expect(gone(lost, sets(2))).toMatchObject({ state: "restarted", detail: "replaced by its replica set rs" });
    });

    test("it has failed when the set is not complete after five minutes", () => {
      const seen = { "uid-vmi-web": { state: "starting", row: "", phase: "", since: start - 300_000 } } as const;
      expect(gone(lost, sets(1), { ...emptyLedger(start), seen })).toMatchObject({
        state: "failed",
        detail: "was shut down, and its replica set rs has 1 of 2 replicas ready",
      });
    });
  });

  test("one that was to restart has stopped when its VM was deleted or stopped meanwhile", () => {
    const facts = { absent: ["prod/ci"], absentMachines: ["prod/ci"] };
    expect(gone(aVerdict("ci", "D19"), facts)).toMatchObject({
      state: "stopped",
      detail: "its VirtualMachine was deleted meanwhile",
    });
    const virtualMachines = [aVm("ci", { runStrategy: "Halted", printableStatus: "Stopped" })];
    expect(gone(aVerdict("ci", "D19"), { absent: ["prod/ci"], virtualMachines })?.state).toBe("stopped");
  });

  test("one that was to move and whose guest has ended is starting again where its VM wants it to run", () => {
    for (const printableStatus of ["Starting", "Stopped"]) {
      const virtualMachines = [aVm("web", { runStrategy: "Always", printableStatus })];
      expect(gone(aVerdict("web"), { absent: ["prod/web"], virtualMachines })?.state).toBe("starting");
    }
  });

  test("one that was to move but does not exist any more was stopped by somebody, and that is told", () => {
    expect(gone(aVerdict("web"), { absent: ["prod/web"] })).toMatchObject({
      state: "stopped",
      detail: expect.stringContaining("nothing starts"),
    });
    const virtualMachines = [aVm("web", { runStrategy: "Halted" })];
    expect(gone(aVerdict("web"), { absent: ["prod/web"], virtualMachines })?.detail).toBe(
      "its VirtualMachine was stopped",
    );
  });
});
