/** Shortcuts for tests of the drain's decisions: from what one look shows to what is done about it. */
import { decideDrain } from "../../../lib/decide/drain.ts";
import type { DrainInput } from "../../../lib/decide/drain-input.ts";
import { emptyLedger, type Ledger, noteAnswer, noteRequest } from "../../../lib/decide/ledger.ts";
import type { EvictionAnswer } from "../../../lib/model/eviction.ts";
import type { VmProgress } from "../../../lib/model/progress.ts";
import { now } from "../../builders/kubernetes.ts";

/** When the look is taken, in ms. */
export const start = Date.parse(now);

/** The VMs whose eviction is requested, by name; other pods by their own. */
export function evicted(turn: DrainInput): string[] {
  return decideDrain(turn).actions.map((action) => action.pod.name.replace("virt-launcher-", "").replace("-x2x4l", ""));
}

/** How far the VM with that name has come. */
export function stateOf(turn: DrainInput, name: string): VmProgress | undefined {
  return decideDrain(turn).progress.vms.find((vm) => vm.name === name);
}

/** What is remembered of an eviction that was requested and answered so many seconds after the look, which mostly is before it. */
export function answered(
  kind: EvictionAnswer["kind"],
  seconds: number,
  ledger = emptyLedger(start),
  vm = "web",
): Ledger {
  const asked = noteRequest(ledger, { uid: `uid-pod-${vm}`, node: "worker-1" }, start + seconds * 1000);
  return noteAnswer(asked, `uid-pod-${vm}`, { kind, code: 429, message: `answer ${kind}` }, start + seconds * 1000);
}
