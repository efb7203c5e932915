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
  /** Cordon and record in one PATCH, guarded by the resourceVersion that was read. */
  | {
      readonly kind: "cordon";
      readonly node: string;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly record: OperationRecord;
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
      readonly record: boolean;
    };

/** How an action ended. A refusal by the server is an answer, not an exception. */
export type ActionResult =
  | { readonly kind: "done" }
  /** What was wanted was so already, or the object is gone or another one. */
  | { readonly kind: "nothing-to-do"; readonly detail: string }
  | { readonly kind: "refused"; readonly code: number; readonly reason: string; readonly message: string }
  /** No answer came; nobody knows whether it was carried out. */
  | { readonly kind: "unanswered"; readonly message: string };
