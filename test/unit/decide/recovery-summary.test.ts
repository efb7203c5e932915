/** The end of a recovery: with which commands a person goes on. */
import { expect, test } from "vitest";
import { type RecoverySummaryInput, summariseRecovery } from "../../../lib/decide/recovery-summary.ts";
import type { Dossier, VmRecovery } from "../../../lib/model/dossier.ts";

const commands = { again: "AGAIN", look: "LOOK", uncordon: "UNCORDON" };

const held: VmRecovery = {
  ...{ namespace: "prod", name: "mover", uid: "u-1", outcome: "held", row: "C3", reason: "May run there already." },
  ...{ pods: [], migrations: [], attachments: [] },
};

function stepsOf(vms: readonly VmRecovery[], fields: Partial<RecoverySummaryInput> = {}): readonly string[] {
  const dossier = { node: "worker-4", vms } as unknown as Dossier;
  const intent = { node: "worker-4", method: "taint", vms: [], firstPods: [], consentAt: 0 } as const;
  const summary = summariseRecovery({ dossier, intent, vms: [], taintLeft: true, commands, ...fields });
  return summary.nextSteps.map(({ command }) => command);
}

const life = { reason: "it is Ready again", rebooted: false, condemned: true };

test.each<[string, readonly VmRecovery[], Partial<RecoverySummaryInput>, readonly string[]]>([
  ["complete", [], {}, ["UNCORDON"]],
  ["interrupted", [], { interruptedBy: 130 }, ["UNCORDON"]],
  ["a VM is held", [held], {}, ["AGAIN", "AGAIN --include-held NAMESPACE/NAME", "UNCORDON"]],
  ["it shows life", [held], { life }, ["LOOK", "UNCORDON"]],
])("%s", (_end, vms, fields, steps) => {
  expect(stepsOf(vms, fields)).toEqual(steps);
});
