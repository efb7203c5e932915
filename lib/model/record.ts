/**
 * The record of an operation: an annotation on the Node, the one thing that outlives the process. A recovery's stands on its
 * event, too, because a lost Node may be deleted.
 */

export const recordAnnotation = "kubectl-vmnode/operation";
export const fieldManager = "kubectl-vmnode";
/** Reason of the events that declare a node lost. */
export const declaredLostReason = "NodeDeclaredLost";
/** Reason of the events that say that such a node is in service again. */
export const givenBackReason = "NodeGivenBack";

export interface OperationRecord {
  /** Version of this layout. */
  readonly v: 1;
  readonly kind: "drain" | "recover";
  /** Who started it, as the API server knows the user, else the kubeconfig's user name. */
  readonly by: string;
  readonly reason?: string | undefined;
  /** RFC 3339, API server's clock. */
  readonly since: string;
  /** False when the node was cordoned already, so that an abort leaves it so. */
  readonly cordonedByUs: boolean;
  /** Taints that this operation set, as `key=value:effect`. */
  readonly taints: readonly string[];
  readonly bootID?: string | undefined;
  /** What was declared about the host's power state, by whom and when: the first first. Nobody's word is written over. */
  readonly assertions?: readonly Assertion[] | undefined;
  readonly vms: readonly RecordedVm[];
  /** An abort is at work: a drain that still runs somewhere stops. */
  readonly undone?: boolean | undefined;
}

export interface Assertion {
  readonly by: string;
  /** RFC 3339, API server's clock. */
  readonly at: string;
  readonly text: string;
}

export interface RecordedVm {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The replica set that makes another in its place: that one has another name. */
  readonly replicaSet?: string | undefined;
  /** Nothing of it but a leftover pod was on the node. */
  readonly unaffected?: true | undefined;
  readonly obstacle?: Obstacle | undefined;
}

/** What keeps a VM from starting elsewhere: known while its pods are there, and hard to tell once they are gone. */
export interface Obstacle {
  /** A disk that exists only on the node. */
  readonly disk?: string | undefined;
  /** Why no other node fits. */
  readonly noFit?: string | undefined;
}
