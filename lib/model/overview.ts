/** The nodes of a cluster with their VMs counted, as `list` shows them: far less than a check reads. */
import type { RecordOnNode } from "./facts.ts";
import type { Outcome } from "./verdict.ts";

export interface NodeOverview {
  readonly name: string;
  /** kubectl's STATUS column: `Ready`, `NotReady,SchedulingDisabled`. */
  readonly status: string;
  /** When the Ready condition became what it is, RFC 3339. */
  readonly statusSince?: string | undefined;
  readonly createdAt?: string | undefined;
  /** kubectl's AGE column, where the node's creation was not read. */
  readonly age?: string | undefined;
  /** VMIs on the node that have not ended. */
  readonly vms: number;
  readonly migratable: number;
  /** Those of which KubeVirt says that they cannot be migrated; the rest is not known yet. */
  readonly notMigratable: number;
  /** VMs that a drain has marked to leave; undefined where nobody looked. */
  readonly leaving?: number | undefined;
  /** Only where a check was made (`-o wide`): what a drain would do, and the memory of the guests. */
  readonly drain?:
    | {
        readonly verdict: "drains" | "blocks" | "unknown";
        readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
        readonly memory?: string | undefined;
      }
    | undefined;
  /** An operation of this program under way or left behind. */
  readonly record?: RecordOnNode | undefined;
}

/** By the STATUS column, which is all that a table of nodes tells. */
export function isReady({ status }: NodeOverview): boolean {
  return status.split(",").includes("Ready");
}

/** By the STATUS column, as `isReady`. */
export function isCordoned({ status }: NodeOverview): boolean {
  return status.split(",").includes("SchedulingDisabled");
}
