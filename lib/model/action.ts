/** What can be done to a cluster: the only list of writes of this program. `lib/act` turns each into requests and decides nothing. */
import type { Taint } from "./kubernetes.ts";
import type { OperationRecord } from "./record.ts";

/** An object as it was assessed: a request that finds another UID under the name does nothing. */
export interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type Action =
  /** Cordon, record and taints in one PATCH, guarded by the resourceVersion that was read. */
  | {
      readonly kind: "cordon";
      readonly node: string;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly record: OperationRecord;
      /** All taints that the node shall have; absent leaves them as they are. */
      readonly taints?: readonly Taint[] | undefined;
    }
  | { readonly kind: "evict"; readonly pod: Target; readonly graceSeconds?: number | undefined }
  /** evacuate/cancel; where the server has none, `as` is the account to be impersonated. */
  | {
      readonly kind: "cancel-evacuation";
      readonly vmi: Target;
      readonly node: string;
      readonly impersonate?: string | undefined;
    }
  | { readonly kind: "delete-migration"; readonly migration: Target }
  /** Removes the pod's object at once (grace period 0): only after a node that is lost. */
  | { readonly kind: "delete-pod"; readonly pod: Target }
  /** Deletes a VolumeAttachment, so that its volume is detached from a node that is lost. */
  | { readonly kind: "detach"; readonly attachment: { readonly name: string; readonly uid: string } }
  /** Takes off what is named, and nothing else, in one PATCH guarded by the resourceVersion. */
  | {
      readonly kind: "release-node";
      readonly node: string;
      readonly uid: string;
      readonly resourceVersion: string;
      /** `key=value:effect`, as in the record. */
      readonly taints: readonly string[];
      /** What stays when those are off. */
      readonly remainingTaints: readonly Taint[];
      readonly uncordon: boolean;
      /** Takes the record off. */
      readonly record: boolean;
      /** The record as it stands afterwards, where it stays and no longer tells of these taints. */
      readonly rewritten?: OperationRecord | undefined;
    };

/** How an action ended. A refusal by the server is an answer, not an exception. */
export type ActionResult =
  | { readonly kind: "done" }
  /** What was wanted was so already, or the object is gone or another one. */
  | { readonly kind: "nothing-to-do"; readonly detail: string }
  | { readonly kind: "refused"; readonly code: number; readonly reason: string; readonly message: string }
  /** No answer came; nobody knows whether it was carried out. */
  | { readonly kind: "unanswered"; readonly message: string };

/** The UID of the object that an action changes. */
export function uidOf(action: Action): string {
  switch (action.kind) {
    case "cordon":
    case "release-node":
      return action.uid;
    case "evict":
    case "delete-pod":
      return action.pod.uid;
    case "cancel-evacuation":
      return action.vmi.uid;
    case "delete-migration":
      return action.migration.uid;
    case "detach":
      return action.attachment.uid;
  }
}

export type EvictAction = Extract<Action, { kind: "evict" }> & {
  readonly node: string;
  readonly vm?: string | undefined;
  /** The VirtualMachine whose run strategy says what becomes of a VM that is shut down: to be read afresh before. */
  readonly machine?: { readonly namespace: string; readonly name: string } | undefined;
};
