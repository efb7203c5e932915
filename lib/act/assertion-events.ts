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

/** Resolves to what could not be written, one sentence each; the recovery does not depend on it. */
export async function recordDeclaration(client: KubeClient, declared: DeclaredLost): Promise<readonly string[]> {
  const word = declared.assertion === undefined ? "" : `, on the word: ${declared.assertion}`;
  const message = `${declared.by} declared node ${declared.node} lost and recovers its VMs${word}`;
  const subjects = [
    {
      ...eventPlace(declared.node),
      annotations: { [recordAnnotation]: JSON.stringify(declared.record) },
    },
    ...declared.objects.map((object) => ({
      namespace: object.namespace,
      involvedObject: { apiVersion: "kubevirt.io/v1", ...object },
      annotations: undefined,
    })),
  ];
  const failures = await Promise.all(
    subjects.map(({ namespace, involvedObject, annotations }) =>
      write(client, namespace, {
        metadata: { generateName: `${involvedObject.name}.`, namespace, annotations },
        involvedObject,
        type: "Warning",
        reason: declaredLostReason,
        message,
        firstTimestamp: declared.time,
        lastTimestamp: declared.time,
      }),
    ),
  );
  return [...new Set(failures.filter((failure) => failure !== undefined))];
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
    const response = await client.create({ type: events, namespace }, event, { fieldManager });
    if (response.status < 300) return undefined;
    return `an event could not be written in namespace ${namespace}: ${statusDetails(response).message}`;
  } catch (error) {
    if (error instanceof UnreachableError) return `an event could not be written: ${error.message}`;
    throw error;
  }
}
