/** What was read of a node that may be lost: the raw signs of life, and all that a recovery of its VMs depends on. */
import type { Facts, RecordOnNode } from "./facts.ts";
import type { ObjectReference } from "./finding.ts";
import type { Node, Pod, VolumeAttachment } from "./kubernetes.ts";
import type { VirtualMachine, VirtualMachineInstance } from "./kubevirt.ts";
import type { OperationRecord } from "./record.ts";

/** What came of looking for one object or list. */
export type Seen<T> =
  | { readonly kind: "seen"; readonly value: T }
  | { readonly kind: "absent" }
  /** `forbidden`: asking again will not help. Otherwise the request failed, and the next one may not. */
  | { readonly kind: "unreadable"; readonly forbidden: boolean; readonly reason: string };

/** A field that nobody but the node's own processes writes. */
export interface WrittenField {
  /** Compared between two reads and never taken for a time, because the node's clock has written it. */
  readonly value: string;
  /** The API server's time of its owner's latest write (managedFields); absent where the server keeps none. */
  readonly writtenAt?: string | undefined;
  /** The API server's time of the answer that it came in, against which its age is taken. */
  readonly readAt?: string | undefined;
}

export interface ContainerWrite extends WrittenField {
  readonly pod: { readonly namespace: string; readonly name: string };
}

/** One reading of the signs of life of a node. */
export interface NodeSigns {
  readonly node: string;
  /** The API server's time; absent where it tells none. */
  readonly time?: string | undefined;
  /** Our own clock's, for the span between two readings where the server tells no time. */
  readonly localTime: string;
  readonly object: Seen<Node>;
  /** `kubevirt.io/heartbeat` of the Node; absent when the annotation is missing. */
  readonly heartbeat?: WrittenField | undefined;
  /** `spec.renewTime` of its Lease in kube-node-lease. */
  readonly lease: Seen<WrittenField>;
  /** Container statuses of the pods there; absent when they were not asked for. */
  readonly containers?: Seen<readonly ContainerWrite[]> | undefined;
}

/** What somebody reports who must know whether the host is off. */
export interface PowerReport {
  /** The kind: `BareMetalHost`, `Machine`, `FenceAgentsRemediation`, … */
  readonly source: string;
  readonly object?: ObjectReference | undefined;
  /** off: the host is reported off now. fenced: it was switched off or rebooted. on, working: not (yet). unknown: could not be told. */
  readonly state: "off" | "fenced" | "on" | "working" | "unknown";
  /** When that was reported, by the clock of the API server or of the control plane. */
  readonly since?: string | undefined;
  readonly detail: string;
}

/** `stale`: the node has been made schedulable since, so that the record tells nothing of this outage. */
export type RecordOnLostNode = RecordOnNode | { readonly kind: "stale"; readonly record: OperationRecord };

export interface TakenUp {
  readonly vmis: readonly VirtualMachineInstance[];
  readonly virtualMachines: readonly VirtualMachine[];
}

export interface LostNodeFacts {
  readonly node: string;
  /** The picture, with this node as its one target; without the Node itself where it has been deleted. */
  readonly facts: Facts;
  readonly signs: NodeSigns;
  readonly power: readonly PowerReport[];
  /** VolumeAttachments of this node. */
  readonly attachments: readonly VolumeAttachment[];
  /** virt-api and virt-controller pods of the whole cluster. */
  readonly controlPlane: readonly Pod[];
  /** The record of an operation on the Node, ours or somebody else's. */
  readonly record: RecordOnLostNode;
  /** The VMs of the recovery on record that have nothing on the node any more, under their names as they are now. */
  readonly takenUp?: TakenUp | undefined;
  /** Whether we may set a taint; undefined when that could not be asked. */
  readonly mayPatchNode?: boolean | undefined;
}
