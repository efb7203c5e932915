/** The flags that say what a drain would take off a node: `check` and `drain` have the same ones, so that one predicts the other. */
import { UsageError } from "../../lib/model/errors.ts";
import { type FindingCode, findingCodes } from "../../lib/model/finding.ts";
import type { Flags } from "../command.ts";

export const drainScopeFlags = {
  allPods: {
    kind: "boolean",
    description:
      "Also drain the pods that are no VMs, as kubectl drain does and under its flags, once the VMs have left. Without it a drain concerns VMs only.",
  },
  podSelector: { kind: "string", description: "Label selector to filter the pods of the node." },
  gracePeriod: {
    kind: "integer",
    default: "-1",
    description:
      "Seconds given to each pod to end. If negative, the pod's own value is used; less than a VM's own value must be waived.",
  },
  force: {
    kind: "boolean",
    description: "With --all-pods: go on even if there are pods that no controller would start again.",
  },
  ignoreDaemonsets: { kind: "boolean", description: "With --all-pods: leave pods of DaemonSets where they are." },
  deleteEmptydirData: {
    kind: "boolean",
    description: "With --all-pods: go on even if pods use emptyDir volumes, whose data is lost with them.",
  },
  deleteLocalData: { kind: "boolean", hidden: true, description: "The former name of --delete-emptydir-data." },
  chunkSize: {
    kind: "integer",
    default: "500",
    atLeast: 0,
    hidden: true,
    description: "Accepted as kubectl's; long lists are read 500 at a time.",
  },
  skipWaitForDeleteTimeout: {
    kind: "integer",
    default: "0",
    atLeast: 0,
    description:
      "With --all-pods: do not wait for pods whose DeletionTimestamp is more than so many seconds old. Seconds must be greater than 0 to skip.",
  },
  waive: {
    kind: "list",
    split: true,
    description:
      "Code of a risk, or of something unknown, that you accept: one that is not waived refuses the drain. May be repeated; check prints the codes.",
  },
} as const satisfies Flags;

/**
 * The codes that were waived.
 * @throws UsageError for a code that does not exist, or that cannot be waived.
 */
export function waivedCodes(codes: readonly string[]): ReadonlySet<FindingCode> {
  const waived = new Set<FindingCode>();
  for (const code of codes) {
    if (!isFindingCode(code)) throw new UsageError(`--waive: there is no code "${code}"`, waivableHint());
    const { waivable, severity } = findingCodes[code];
    if (!waivable) throw new UsageError(notWaivable(code, severity), waivableHint());
    waived.add(code);
  }
  return waived;
}

function notWaivable(code: string, severity: string): string {
  const instead =
    severity === "blocker" ? "a blocker cannot be waived, only left behind" : "nothing needs to be waived";
  return `--waive: ${code} cannot be waived: ${instead}`;
}

function waivableHint(): string {
  const codes = Object.entries(findingCodes).filter(([, code]) => code.waivable);
  return `codes that can be waived: ${codes.map(([code]) => code).join(", ")}`;
}

function isFindingCode(code: string): code is FindingCode {
  return Object.hasOwn(findingCodes, code);
}
