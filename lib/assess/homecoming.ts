/** A node that was declared lost is to be given back: has it come back, and was its host ever off? Pure. */
import { type RecordOnNode, recoveryOn } from "../model/facts.ts";
import { isReady, type Node } from "../model/kubernetes.ts";
import type { OperationRecord } from "../model/record.ts";

export type Homecoming =
  /** It was not declared lost, or it has booted since. */
  | { readonly kind: "sound" }
  /** The control plane does not see it Ready: its bootID is still that of before the crash, and tells nothing. */
  | { readonly kind: "not-back"; readonly record: OperationRecord }
  /** It still runs the boot in which it was declared lost: its guests went on while they were started elsewhere. */
  | { readonly kind: "never-off"; readonly record: OperationRecord };

/** Compares the bootID that the node reports with the one on record. Without either nothing can be said against it. */
export function judgeHomecoming(node: Node, found: RecordOnNode): Homecoming {
  const record = recoveryOn(found);
  if (record === undefined) return { kind: "sound" };
  if (!isReady(node)) return { kind: "not-back", record };
  const isSame = record.bootID !== undefined && record.bootID === node.status.bootID;
  return isSame ? { kind: "never-off", record } : { kind: "sound" };
}
