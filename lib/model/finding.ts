/** Findings: what the assessment says about an object, with its reason, its proof and its cure. Their codes are an interface. */

/**
 * blocker: the drain cannot succeed, and no flag changes that.
 * risk: it can, at a price that a person must accept (waive) or know.
 * note: worth knowing.
 * unknown: could not be read or told; refuses the drain until waived.
 */
export type Severity = "blocker" | "risk" | "note" | "unknown";

export interface ObjectReference {
  /** Lower-case kind as kubectl prints it: `pod`, `node`, `virtualmachineinstance`, `poddisruptionbudget`. */
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** The field whose value is the reason. */
export interface Proof {
  readonly object: ObjectReference;
  readonly field: string;
  readonly value: string;
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly object: ObjectReference;
  /** One or two plain sentences. */
  readonly reason: string;
  readonly proof: Proof;
  /** A command that cures it. */
  readonly fix?: string | undefined;
}

interface CodeMeaning {
  readonly severity: Severity;
  /** `--waive CODE` accepts it. A waivable finding that is not waived makes the node's verdict `unknown`. */
  readonly waivable: boolean;
  /** One line for the documentation. */
  readonly meaning: string;
}

/** Every code, with its severity and whether it can be waived. The rows D1 to D22 are those of the decision table in docs/rules.md. */
export const findingCodes = {
  LeftoverPod: { severity: "note", waivable: false, meaning: "finished pod of an earlier run or migration (D1)" },
  OrphanLauncherPod: {
    severity: "blocker",
    waivable: false,
    meaning: "launcher pod without its VMI; its eviction is refused for ever (D2)",
  },
  VmiNotReadYet: {
    severity: "note",
    waivable: false,
    meaning: "a launcher pod whose VMI has not been read yet (D7)",
  },
  ShuttingDown: { severity: "note", waivable: false, meaning: "already going away (D3)" },
  MigrationArriving: { severity: "note", waivable: false, meaning: "a migration to this node has not ended (D4)" },
  AlreadyMigrating: { severity: "note", waivable: false, meaning: "a migration away from this node runs (D5)" },
  VirtApiUnavailable: {
    severity: "blocker",
    waivable: false,
    meaning: "virt-api does not answer: no eviction, no migration (D6)",
  },
  VirtApiOnlyHere: {
    severity: "risk",
    waivable: false,
    meaning: "the only ready virt-api runs on the node to be drained (D6)",
  },
  MigratabilityUnknown: {
    severity: "note",
    waivable: false,
    meaning: "KubeVirt has not said yet whether it can migrate (D7)",
  },
  NotLiveMigratable: { severity: "blocker", waivable: false, meaning: "must migrate (LiveMigrate) but cannot (D8)" },
  ExternalStrategy: { severity: "risk", waivable: true, meaning: "somebody else must move it (D9)" },
  EvacuationFailing: {
    severity: "risk",
    waivable: false,
    meaning: "its evacuation failed and is being tried again (D10)",
  },
  MigrationFailedRepeatedly: {
    severity: "blocker",
    waivable: false,
    meaning: "its migration failed four times in a row (D10)",
  },
  EarlierMigrationPod: {
    severity: "note",
    waivable: false,
    meaning: "a pod of an earlier migration has not ended (D11)",
  },
  StaleEvacuationMark: {
    severity: "blocker",
    waivable: false,
    meaning: "marked for the evacuation of another node; evictions have no effect (D12)",
  },
  NoNodeFits: { severity: "blocker", waivable: false, meaning: "can migrate, but to no other node (D12)" },
  LiveMigrates: { severity: "note", waivable: false, meaning: "will be live-migrated, not interrupted (D13)" },
  DisksCopied: { severity: "note", waivable: false, meaning: "block migration: disks are copied, too (D13)" },
  SeveralBudgets: {
    severity: "blocker",
    waivable: false,
    meaning: "more than one PodDisruptionBudget selects the pod (D14)",
  },
  BudgetNeverAllows: {
    severity: "blocker",
    waivable: false,
    meaning: "a PodDisruptionBudget that cannot be computed for VM pods (D15)",
  },
  BudgetSpent: { severity: "blocker", waivable: false, meaning: "a PodDisruptionBudget allows no disruption (D16)" },
  BudgetKeepsUnready: {
    severity: "blocker",
    waivable: false,
    meaning: "a PodDisruptionBudget protects unready pods, too (D17)",
  },
  BudgetAllowsSome: {
    severity: "note",
    waivable: false,
    meaning: "a PodDisruptionBudget lets its pods go one after another (D18)",
  },
  StaysDownNoNode: {
    severity: "note",
    waivable: false,
    meaning: "shut down, and no node is there to start it again (D18b)",
  },
  ShutsDownRestarts: { severity: "note", waivable: false, meaning: "shut down and started elsewhere (D19)" },
  ShutsDownProbablyStaysOff: {
    severity: "note",
    waivable: false,
    meaning: "RerunOnFailure: an orderly shutdown is not followed by a start (D20)",
  },
  ShutsDownStaysOff: {
    severity: "note",
    waivable: false,
    meaning: "shut down, its run strategy does not start it again (D21)",
  },
  BareVmi: { severity: "note", waivable: false, meaning: "a VMI without owner: shut down and not started again (D22)" },
  StrategyUnknown: {
    severity: "unknown",
    waivable: true,
    meaning: "an eviction strategy that this program does not know",
  },
  DryRunWorse: {
    severity: "blocker",
    waivable: false,
    meaning: "the API server's dry run is worse than the prediction",
  },
  DryRunBetter: {
    severity: "note",
    waivable: false,
    meaning: "the API server's dry run is better than the prediction; the prediction counts",
  },
  GracePeriodShortened: { severity: "risk", waivable: true, meaning: "--grace-period is shorter than the VM's own" },
  RoomUnknown: { severity: "unknown", waivable: true, meaning: "whether another node has room could not be told" },
  ToleratesCordon: { severity: "risk", waivable: true, meaning: "may come back to a node that is drained" },
  PlacementNotSimulated: {
    severity: "note",
    waivable: false,
    meaning: "a scheduling rule that the check does not work out",
  },
  MigrationSlots: {
    severity: "note",
    waivable: false,
    meaning: "how many migrations may run at a time, and how many do",
  },
  UpgradeRunning: {
    severity: "risk",
    waivable: false,
    meaning: "KubeVirt is being upgraded; its own migrations use the slots",
  },
  DrainTaint: { severity: "note", waivable: false, meaning: "the node carries KubeVirt's drain taint" },
  DryRunNotAsked: { severity: "note", waivable: false, meaning: "the dry-run eviction was left out, and why" },
  NodeNotReady: {
    severity: "risk",
    waivable: true,
    meaning: "the node does not report Ready; a drain needs a living node",
  },
  HeldByNodeMaintenance: { severity: "risk", waivable: true, meaning: "a NodeMaintenance holds the node" },
  HeldByRemediation: {
    severity: "risk",
    waivable: true,
    meaning: "a remediation (NodeHealthCheck, SelfNodeRemediation, …) works on the node",
  },
  HeldByHarvester: { severity: "risk", waivable: true, meaning: "Harvester has the node in maintenance" },
  HeldByMachine: { severity: "risk", waivable: true, meaning: "the node's Machine is being deleted" },
  HeldByOperation: {
    severity: "risk",
    waivable: true,
    meaning: "another operation of this program is recorded on the node",
  },
  RecordNotUnderstood: {
    severity: "blocker",
    waivable: false,
    meaning: "the record of an operation on the node is damaged, or of a newer version of this program",
  },
  HostWasNeverOff: {
    severity: "risk",
    waivable: true,
    meaning: "the host was never off while its VMs were started elsewhere: they may have run twice (uncordon)",
  },
  EvacuationGoesOn: {
    severity: "risk",
    waivable: true,
    meaning: "VMs are still marked to leave the node; an uncordon does not stop that (uncordon)",
  },
  Unreadable: { severity: "unknown", waivable: true, meaning: "something the verdict needs could not be read" },
  PodBlocked: {
    severity: "blocker",
    waivable: false,
    meaning: "an ordinary pod that kubectl drain would refuse (--all-pods)",
  },
} as const satisfies Record<string, CodeMeaning>;

export type FindingCode = keyof typeof findingCodes;

/** True when this finding makes a drain's verdict `unknown` until it is waived. */
export function needsWaiver(finding: Finding, waived: ReadonlySet<string>): boolean {
  return findingCodes[finding.code].waivable && !waived.has(finding.code);
}
