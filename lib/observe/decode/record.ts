/** Decodes the record of an operation from a node's annotation. What is not understood is told as such and never guessed. */
import type { Facts, RecordOnNode } from "../../model/facts.ts";
import { type JsonObject, objectOf } from "../../model/json.ts";
import type { Node } from "../../model/kubernetes.ts";
import {
  type Assertion,
  type Obstacle,
  type OperationRecord,
  type RecordedVm,
  recordAnnotation,
} from "../../model/record.ts";
import { listOf, number, text } from "../read-field.ts";

/** What the annotation `kubectl-vmnode/operation` of that node says. */
export function recordOnNode(node: Node): RecordOnNode {
  return recordIn(node.metadata.annotations[recordAnnotation]);
}

/** The same of a node of the picture, by its name. */
export function recordOf(facts: Facts, name: string): RecordOnNode {
  const node = facts.nodes.find(({ metadata }) => metadata.name === name);
  return node === undefined ? { kind: "none" } : recordOnNode(node);
}

/** The same of the annotation's text, wherever it stands. */
export function recordIn(annotation: string | undefined): RecordOnNode {
  if (annotation === undefined) return { kind: "none" };
  const content = parsed(annotation);
  const version = number(objectOf(content).v);
  if (version !== undefined && version > 1) return { kind: "newer", text: annotation, version };
  const record = version === 1 ? decodeRecord(content) : undefined;
  return record === undefined ? { kind: "damaged", text: annotation } : { kind: "record", record };
}

function parsed(annotation: string): unknown {
  try {
    return JSON.parse(annotation);
  } catch {
    return undefined;
  }
}

function decodeRecord(value: unknown): OperationRecord | undefined {
  const fields = objectOf(value);
  const { kind, cordonedByUs } = fields;
  const by = text(fields.by);
  const since = text(fields.since);
  const taints = wholeList(fields.taints, text);
  const vms = wholeList(fields.vms, decodeRecordedVm);
  const assertions = fields.assertions === undefined ? [] : wholeList(fields.assertions, decodeAssertion);
  if (kind !== "drain" && kind !== "recover") return undefined;
  if (by === undefined || since === undefined || Number.isNaN(Date.parse(since))) return undefined;
  if (typeof cordonedByUs !== "boolean" || taints === undefined || vms === undefined) return undefined;
  if (assertions === undefined) return undefined;
  return {
    v: 1,
    kind,
    by,
    since,
    cordonedByUs,
    taints,
    vms,
    reason: text(fields.reason),
    bootID: text(fields.bootID),
    ...(fields.undone === true ? { undone: true } : {}),
    ...(assertions.length === 0 ? {} : { assertions }),
  };
}

/** Undefined unless the value is a list and every entry can be decoded: half a list would be a guess. */
function wholeList<T>(value: unknown, decode: (entry: unknown) => T | undefined): T[] | undefined {
  const entries = listOf(value, decode);
  return Array.isArray(value) && entries.length === value.length ? entries : undefined;
}

function decodeAssertion(value: unknown): Assertion | undefined {
  const fields = objectOf(value);
  const [by, at, words] = [text(fields.by), text(fields.at), text(fields.text)];
  return by === undefined || at === undefined || words === undefined ? undefined : { by, at, text: words };
}

function decodeRecordedVm(value: unknown): RecordedVm | undefined {
  const fields = objectOf(value);
  const namespace = text(fields.namespace);
  const name = text(fields.name);
  const uid = text(fields.uid);
  if (namespace === undefined || name === undefined || uid === undefined) return undefined;
  const replicaSet = text(fields.replicaSet);
  const obstacle = decodeObstacle(objectOf(fields.obstacle));
  return {
    ...{ namespace, name, uid },
    ...(replicaSet === undefined ? {} : { replicaSet }),
    ...(fields.unaffected === true ? { unaffected: true } : {}),
    ...(obstacle === undefined ? {} : { obstacle }),
  };
}

function decodeObstacle(fields: JsonObject): Obstacle | undefined {
  const [disk, noFit] = [text(fields.disk), text(fields.noFit)];
  if (disk !== undefined) return { disk };
  return noFit === undefined ? undefined : { noFit };
}
