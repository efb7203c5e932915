/** Actions and their results in words, as kubectl has them. */
import type { Action, ActionResult } from "../model/action.ts";

/** What an action changes, in kubectl's words: `kind/name verb`. */
export function changesOf(action: Action): readonly { readonly object: string; readonly verb: string }[] {
  switch (action.kind) {
    case "cordon":
      return [{ object: `node/${action.node}`, verb: "cordoned" }];
    case "evict":
      return [{ object: `pod/${action.pod.name}`, verb: "evicted" }];
    case "cancel-evacuation":
      return [{ object: `virtualmachineinstance/${action.vmi.name}`, verb: "unmarked" }];
    case "delete-migration":
      return [{ object: `virtualmachineinstancemigration/${action.migration.name}`, verb: "deleted" }];
    case "delete-pod":
      return [{ object: `pod/${action.pod.name}`, verb: "force deleted" }];
    case "detach":
      return [{ object: `volumeattachment/${action.attachment.name}`, verb: "deleted" }];
    case "release-node":
      return [
        ...action.taints.map((taint) => ({ object: `node/${action.node}`, verb: `untainted (${taint})` })),
        ...(action.uncordon ? [{ object: `node/${action.node}`, verb: "uncordoned" }] : []),
      ];
  }
}

/** What a result says, as the end of a sentence. */
export function resultText(result: ActionResult): string {
  switch (result.kind) {
    case "done":
      return "done";
    case "nothing-to-do":
      return result.detail;
    default:
      return result.message;
  }
}
