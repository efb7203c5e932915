/** Puts findings together: severity from the table of codes, references to objects, and the fields that prove them. */
import { type Finding, type FindingCode, findingCodes, type ObjectReference, type Severity } from "../model/finding.ts";
import type { ObjectMeta, Pod } from "../model/kubernetes.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";

interface FindingParts {
  readonly code: FindingCode;
  readonly object: ObjectReference;
  readonly reason: string;
  /** The field that proves it, and its value. */
  readonly field: string;
  readonly value: string | number | undefined;
  /** The object that has the field, where it is another one. */
  readonly provedBy?: ObjectReference | undefined;
  readonly fix?: string | undefined;
  /** Only where it differs from the code's. */
  readonly severity?: Severity | undefined;
}

/** A finding with the severity of its code; a value that is missing is shown as `<none>`, as kubectl does. */
export function makeFinding(parts: FindingParts): Finding {
  return {
    code: parts.code,
    severity: parts.severity ?? findingCodes[parts.code].severity,
    object: parts.object,
    reason: parts.reason,
    proof: {
      object: parts.provedBy ?? parts.object,
      field: parts.field,
      value: parts.value === undefined || parts.value === "" ? "<none>" : String(parts.value),
    },
    ...(parts.fix === undefined ? {} : { fix: parts.fix }),
  };
}

/** A reference to a namespaced or cluster-scoped object; `kind` in lower case. */
export function refer(kind: string, metadata: Pick<ObjectMeta, "name" | "namespace">): ObjectReference {
  return metadata.namespace === ""
    ? { kind, name: metadata.name }
    : { kind, namespace: metadata.namespace, name: metadata.name };
}

/** The VMI that a finding is about, or is proved by. */
export function vmiReference({ metadata }: Pick<VirtualMachineInstance, "metadata">): ObjectReference {
  return refer("virtualmachineinstance", metadata);
}

/** The same of a pod. */
export function podReference({ metadata }: Pick<Pod, "metadata">): ObjectReference {
  return refer("pod", metadata);
}

/** The same of a node, of which only the name may be known. */
export function nodeReference(name: string): ObjectReference {
  return { kind: "node", name };
}

/** `NAME -n NAMESPACE`, the tail of most commands. */
export function named(metadata: Pick<ObjectMeta, "name" | "namespace">): string {
  return `${metadata.name} -n ${metadata.namespace}`;
}

/** A merge patch as a command that can be pasted into a shell. */
export function patchCommand(
  resource: string,
  metadata: Pick<ObjectMeta, "name" | "namespace">,
  patch: object,
): string {
  return `kubectl patch ${resource} ${named(metadata)} --type merge -p '${JSON.stringify(patch)}'`;
}

/** Up to `most` of the words, and how many more there are. */
export function listing(words: readonly string[], most = 3): string {
  const rest = words.length - most;
  return rest > 0 ? `${words.slice(0, most).join(", ")} and ${rest} more` : words.join(", ");
}
