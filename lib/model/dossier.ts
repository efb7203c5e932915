/** The evidence on a node that was lost, the verdict on it, and what a recovery would do to each of its VMs. */
import type { Gap, NodeHolder } from "./facts.ts";
import type { ObjectReference } from "./finding.ts";
import type { Obstacle } from "./record.ts";

/**
 * alive: written so recently that its writer must be running. stale: too young to tell. silent: its writer has missed its time.
 * proof-of-death: somebody who must know says that the host is off. asserted: somebody's word, never proof.
 */
export type SignGrade = "alive" | "stale" | "silent" | "proof-of-death" | "asserted" | "unknown";

export interface Sign {
  /** What it was read from: `kubelet lease`, `virt-handler heartbeat`, `container status`, `Ready condition`, a kind, a taint. */
  readonly source: string;
  readonly grade: SignGrade;
  /** Since the sign was last written, by the API server's clock. */
  readonly ageSeconds?: number | undefined;
  readonly detail: string;
  readonly object?: ObjectReference | undefined;
  /** When a sign that is alive or stale will have become silent unless it is written again, RFC 3339. */
  readonly silentAt?: string | undefined;
}

export type LivenessVerdict = "alive" | "undecided" | "proven-dead" | "unproven";

/** Whether the node is dead, as far as its signs tell. */
export interface Liveness {
  readonly verdict: LivenessVerdict;
  /** Why, in one or two plain sentences. */
  readonly reason: string;
  /** When an undecided verdict can be decided, RFC 3339; absent when only a reading that succeeds can decide it. */
  readonly decidableAt?: string | undefined;
  /** The latest write of the node itself, RFC 3339. */
  readonly outageSince?: string | undefined;
  /** Ready again with another bootID than before: its guests ended with the reboot, and its kubelet clears up by itself. */
  readonly rebooted: boolean;
  readonly signs: readonly Sign[];
}

/** restarts: its owner starts it elsewhere. replaced: its replica set makes another. held: only with --include-held. */
export type RecoveryOutcome = "restarts" | "replaced" | "stays-down" | "unaffected" | "held";

/** A row of the recovery table (docs/rules.md). */
export type RecoveryRow =
  | "C1"
  | "C2"
  | "C3"
  | "C4"
  | "C5"
  | "C6"
  | "C7"
  | "C8"
  | "C9"
  | "C10"
  | "C11"
  | "C12"
  | "C13"
  | "C14"
  | "C15"
  | "C16"
  | "C17"
  | "C18"
  | "C19"
  /** Something that decides could not be read. */
  | "unknown";

export interface VmRecovery {
  readonly namespace: string;
  readonly name: string;
  /** Of the VMI; of the pod where its VMI is gone. */
  readonly uid: string;
  readonly outcome: RecoveryOutcome;
  readonly row: RecoveryRow;
  /** One or two plain sentences, hints of further rows included. */
  readonly reason: string;
  /** What is left to be said when its pods are gone; absent where that is the reason. */
  readonly lastWords?: string | undefined;
  readonly obstacle?: Obstacle | undefined;
  /** Nothing but a host that is off keeps two copies of it from writing to its disk. */
  readonly sharedDisk?: boolean | undefined;
  /** Pods of lower priority elsewhere, `namespace/name`, that the scheduler would remove for it. */
  readonly pushesOut?: readonly string[] | undefined;
  /** The command for the person, where it stays down. */
  readonly fix?: string | undefined;
  /** The replica set that makes another in its place. */
  readonly replicaSet?: string | undefined;
  /** Its launcher and hotplug pods on the node that the recovery removes, those of a held VM only with --include-held. */
  readonly pods: readonly { readonly name: string; readonly uid: string }[];
  /** Unfinished migrations that would hold its restart back. */
  readonly migrations: readonly { readonly name: string; readonly uid: string }[];
  /** Names of the PersistentVolumes that must be detached before it can start elsewhere. */
  readonly attachments: readonly string[];
}

/** One step that the recovery would take, in order. */
export interface PlannedAction {
  readonly verb: "cordon" | "taint" | "delete";
  readonly object: ObjectReference;
}

export interface Dossier extends Liveness {
  readonly node: string;
  readonly nodeUid?: string | undefined;
  readonly bootID?: string | undefined;
  /** API server's clock. */
  readonly time: string;
  readonly heldBy: readonly NodeHolder[];
  readonly method: "taint" | "delete";
  /** Why this method. */
  readonly methodReason: string;
  readonly vms: readonly VmRecovery[];
  /** VMs of the recovery on record of which nothing is left on the node: they are followed to their end, too. */
  readonly takenUp?: readonly VmRecovery[] | undefined;
  /** Every other pod of a node that bears the taint, or is to bear it; empty where none does. */
  readonly otherPods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly toleratesTaint: boolean;
  }[];
  /** KubeVirt's own pods on the node. `alone`: no other of its kind is ready elsewhere, so nothing restarts before it is replaced. */
  readonly controlPlane: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly app: "virt-api" | "virt-controller";
    readonly alone: boolean;
  }[];
  /** What the recovery would do now; empty while it is refused. */
  readonly actions: readonly PlannedAction[];
  readonly gaps: readonly Gap[];
}
