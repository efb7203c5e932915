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

const blocker = (meaning: string): CodeMeaning => ({ severity: "blocker", waivable: false, meaning });
const risk = (meaning: string): CodeMeaning => ({ severity: "risk", waivable: false, meaning });
const waivableRisk = (meaning: string): CodeMeaning => ({ severity: "risk", waivable: true, meaning });
const note = (meaning: string): CodeMeaning => ({ severity: "note", waivable: false, meaning });
const unknown = (meaning: string): CodeMeaning => ({ severity: "unknown", waivable: true, meaning });

/** Every code, with its severity and whether it can be waived. The rows D1 to D22 are those of the decision table in docs/rules.md. */
export const findingCodes = {
  LeftoverPod: note("finished pod of an earlier run or migration (D1)"),
  OrphanLauncherPod: blocker("launcher pod without its VMI; its eviction is refused for ever (D2)"),
  VmiNotReadYet: note("a launcher pod whose VMI has not been read yet (D7)"),
  ShuttingDown: note("already going away (D3)"),
  MigrationArriving: note("a migration to this node has not ended (D4)"),
  ArrivesToStay: waivableRisk("a VM that migrates to this node would not move on (D4)"),
  AlreadyMigrating: note("a migration away from this node runs (D5)"),
  VirtApiUnavailable: blocker("virt-api does not answer: no eviction, no migration (D6)"),
  VirtApiOnlyHere: risk("the only ready virt-api runs on the node to be drained (D6)"),
  MigratabilityUnknown: note("KubeVirt has not said yet whether it can migrate (D7)"),
  NotLiveMigratable: blocker("must migrate (LiveMigrate) but cannot (D8)"),
  ExternalStrategy: waivableRisk("somebody else must move it (D9)"),
  EvacuationFailing: risk("its evacuation failed and is being tried again (D10)"),
  MigrationFailedRepeatedly: blocker("its migration failed four times in a row (D10)"),
  EarlierMigrationPod: note("a pod of an earlier migration has not ended (D11)"),
  StaleEvacuationMark: blocker("marked for the evacuation of another node; evictions have no effect (D12)"),
  NoNodeFits: blocker("can migrate, but to no other node (D12)"),
  QuotaExceeded: blocker("can migrate, but a ResourceQuota has no room for its target pod (D12)"),
  NameTooLong: blocker("KubeVirt makes no migration for a name of more than 63 characters (D12)"),
  TargetFindsNoNode: waivableRisk("it migrates already, and no node fits its target pod (D5, D10)"),
  TargetExceedsQuota: waivableRisk(
    "its migration waits for a ResourceQuota that has no room for its target pod (D5, D10)",
  ),
  TargetNotMade: waivableRisk("its migration may begin, but KubeVirt makes no target pod for it (D5)"),
  LiveMigrates: note("will be live-migrated, not interrupted (D13)"),
  DisksCopied: note("block migration: disks are copied, too (D13)"),
  SeveralBudgets: blocker("more than one PodDisruptionBudget selects the pod (D14)"),
  BudgetNeverAllows: blocker("a PodDisruptionBudget that cannot be computed for VM pods (D15)"),
  BudgetSpent: blocker("a PodDisruptionBudget allows no disruption (D16)"),
  BudgetKeepsUnready: blocker("a PodDisruptionBudget protects unready pods, too (D17)"),
  BudgetAllowsSome: note("a PodDisruptionBudget lets its pods go one after another (D18)"),
  StaysDownNoNode: note("shut down, and no node is there to start it again (D18b)"),
  StaysDownOverQuota: note("shut down, and a ResourceQuota has no room to start it again (D18b)"),
  ShutsDownRestarts: note("shut down and started elsewhere (D19)"),
  ShutsDownProbablyStaysOff: note("RerunOnFailure: an orderly shutdown is not followed by a start (D20)"),
  ShutsDownStaysOff: note("shut down, its run strategy does not start it again (D21)"),
  BareVmi: note("a VMI without owner: shut down and not started again (D22)"),
  StrategyUnknown: unknown("an eviction strategy that this program does not know"),
  DryRunWorse: blocker("the API server's dry run is worse than the prediction"),
  DryRunBetter: note("the API server's dry run is better than the prediction; the prediction counts"),
  GracePeriodShortened: waivableRisk("--grace-period is shorter than the VM's own"),
  RoomUnknown: unknown("whether another node has room could not be told"),
  ToleratesCordon: waivableRisk("may come back to a node that is drained"),
  PushesOutOthers: waivableRisk("pods of lower priority are removed to make room for it"),
  PlacementNotSimulated: unknown("a scheduling rule that the check does not work out"),
  MigrationSlots: note("how many migrations may run at a time, and how many do"),
  UpgradeRunning: risk("KubeVirt is being upgraded; its own migrations use the slots"),
  DrainTaint: note("the node carries KubeVirt's drain taint"),
  DryRunNotAsked: note("the dry-run eviction was left out, and why"),
  NodeNotReady: waivableRisk("the node does not report Ready; a drain needs a living node"),
  HandlerNotReady: waivableRisk("KubeVirt does not call the node schedulable; a drain needs its virt-handler"),
  HeldByNodeMaintenance: waivableRisk("a NodeMaintenance holds the node"),
  HeldByRemediation: waivableRisk("a remediation (NodeHealthCheck, SelfNodeRemediation, …) works on the node"),
  HeldByHarvester: waivableRisk("Harvester has the node in maintenance"),
  HeldByMachine: waivableRisk("the node's Machine is being deleted"),
  HeldByOperation: waivableRisk("another operation of this program is recorded on the node"),
  RecordNotUnderstood: blocker(
    "the record of an operation on the node is damaged, or of a newer version of this program",
  ),
  HostWasNeverOff: waivableRisk(
    "the host was never off while its VMs were started elsewhere: they may have run twice (uncordon)",
  ),
  EvacuationGoesOn: waivableRisk("VMs are still marked to leave the node; an uncordon does not stop that (uncordon)"),
  Unreadable: unknown("something the verdict needs could not be read"),
  PodBlocked: blocker("an ordinary pod that kubectl drain would refuse (--all-pods)"),
} satisfies Record<string, CodeMeaning>;

export type FindingCode = keyof typeof findingCodes;

/** True when this finding makes a drain's verdict `unknown` until it is waived. */
export function needsWaiver(finding: Finding, waived: ReadonlySet<string>): boolean {
  return findingCodes[finding.code].waivable && !waived.has(finding.code);
}
