/**
 * Writes into the cluster's events who declared a node lost, when, and on what word: on the Node and on each VM that it concerns;
 * and who gave it back.
 */
import type { EventObject } from "../assess/event-object.ts";
import type { ResourceType } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import { statusDetails } from "../kube/status.ts";
import { UnreachableError } from "../model/errors.ts";
import {
  declaredLostReason,
  fieldManager,
  givenBackReason,
  type OperationRecord,
  recordAnnotation,
} from "../model/record.ts";

const events: ResourceType = { group: "", version: "v1", plural: "events", namespaced: true };

export interface DeclaredLost {
  readonly node: string;
  readonly objects: readonly EventObject[];
  readonly by: string;
  /** What was declared; undefined where the evidence itself proved it. */
  readonly assertion: string | undefined;
  /** RFC 3339, API server's clock. */
  readonly time: string;
  /** What stands on the Node, as long as there is one. */
  readonly record: OperationRecord;
}

/** The event on the Node, with the record, which goes with a Node that is deleted. Resolves to why it could not be written. */
export function recordOnNode(client: KubeClient, declared: DeclaredLost): Promise<string | undefined> {
  const annotations = { [recordAnnotation]: JSON.stringify(declared.record) };
  const { namespace, involvedObject } = eventPlace(declared.node);
  return write(client, namespace, declarationOf(declared, involvedObject, namespace, annotations));
}

/** The events on its VMs. Resolves to what could not be written, one sentence each; the recovery does not depend on it. */
export async function recordOnVms(client: KubeClient, declared: DeclaredLost): Promise<readonly string[]> {
  const failures = await Promise.all(
    declared.objects.map((object) => {
      const involvedObject = { apiVersion: "kubevirt.io/v1", ...object };
      return write(client, object.namespace, declarationOf(declared, involvedObject, object.namespace));
    }),
  );
  return [...new Set(failures.filter((failure) => failure !== undefined))];
}

function declarationOf(
  { node, by, assertion, time }: DeclaredLost,
  involvedObject: { readonly name: string },
  namespace: string,
  annotations?: Readonly<Record<string, string>>,
): object {
  const word = assertion === undefined ? "" : `, on the word: ${assertion}`;
  return {
    metadata: { generateName: `${involvedObject.name}.`, namespace, annotations },
    involvedObject,
    type: "Warning",
    reason: declaredLostReason,
    message: `${by} declared node ${node} lost and recovers its VMs${word}`,
    firstTimestamp: time,
    lastTimestamp: time,
  };
}

/** A node that was declared lost is in service again. Resolves to why that could not be written, as one sentence. */
export function recordReturn(
  client: KubeClient,
  { node, by, time }: { readonly node: string; readonly by: string; readonly time: string },
): Promise<string | undefined> {
  const { namespace, involvedObject } = eventPlace(node);
  return write(client, namespace, {
    metadata: { generateName: `${node}.`, namespace },
    involvedObject,
    type: "Normal",
    reason: givenBackReason,
    message: `${by} gave node ${node} back after its recovery`,
    firstTimestamp: time,
    lastTimestamp: time,
  });
}

/** Events of cluster-scoped objects stand in `default`; kubelet and kubectl use the Node's name as its UID there. */
function eventPlace(node: string) {
  return { namespace: "default", involvedObject: { apiVersion: "v1", kind: "Node", name: node, uid: node } };
}

async function write(client: KubeClient, namespace: string, words: object): Promise<string | undefined> {
  const source = { source: { component: fieldManager }, reportingComponent: fieldManager };
  const event = { apiVersion: "v1", kind: "Event", ...words, ...source, count: 1 };
  try {
    const response = await client.create({ type: events, namespace }, event, { fieldManager, patient: true });
    if (response.status < 300) return undefined;
    return `an event could not be written in namespace ${namespace}: ${statusDetails(response).message}`;
  } catch (error) {
    if (error instanceof UnreachableError) return `an event could not be written: ${error.message}`;
    throw error;
  }
}
