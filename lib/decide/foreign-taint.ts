/** KubeVirt's drain taint where somebody else has set it: KubeVirt evacuates the node for as long as it is there, and it stays. */
import { addressed } from "../assess/addressed.ts";
import { drainTaintOf } from "../assess/evacuation.ts";
import { findNode } from "../assess/subjects.ts";
import { untaintingCommand } from "../assess/untainting.ts";
import type { Facts, RecordOnNode } from "../model/facts.ts";
import { taintText } from "../model/kubernetes.ts";
import type { Summary } from "../model/progress.ts";
import { ourTaints } from "./cordon.ts";

/** That taint as text; undefined where the node bears none, or one that our record calls ours. */
export function foreignDrainTaint(facts: Facts, found: RecordOnNode, name: string): string | undefined {
  const node = findNode(facts, name);
  const taint = node && drainTaintOf(facts, node);
  if (node === undefined || taint === undefined) return undefined;
  const text = taintText(taint);
  return ourTaints(node, found).includes(text) ? undefined : text;
}

/** What whoever wants its VMs to stay does first; `flags` say which cluster is meant. */
export function untaintingSteps(taint: string | undefined, node: string, flags?: string): Summary["nextSteps"] {
  if (taint === undefined) return [];
  const command = addressed(untaintingCommand(node, taint), flags);
  return [{ command, purpose: `takes off others' taint: KubeVirt evacuates ${node} while it is there` }];
}
