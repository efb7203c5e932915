/** Reads names for completing a command line: one small request each. */

import type { RequestOptions, ResourceType } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import { resourceTypes } from "./resource-types.ts";

/** A name, and a word or two about it. */
export interface NameCandidate {
  readonly name: string;
  readonly about: string;
}

const namespaces: ResourceType = { group: "", version: "v1", plural: "namespaces", namespaced: false };

/** The nodes with kubectl's STATUS. Throws KubeError or UnreachableError when they cannot be listed. */
export async function nodeCandidates(client: KubeClient, options: RequestOptions = {}): Promise<NameCandidate[]> {
  return await namesFrom(client, resourceTypes.nodes, options);
}

/** The namespaces with their STATUS. Throws as `nodeCandidates` does. */
export async function namespaceCandidates(client: KubeClient, options: RequestOptions = {}): Promise<NameCandidate[]> {
  return await namesFrom(client, namespaces, options);
}

async function namesFrom(client: KubeClient, type: ResourceType, options: RequestOptions): Promise<NameCandidate[]> {
  const table = await client.table(type, options);
  const [name, status] = ["Name", "Status"].map((wanted) =>
    table?.columns.findIndex((column) => column.name === wanted),
  );
  if (table === undefined || name === undefined || name < 0) return [];
  return table.rows.map(({ cells }) => ({ name: String(cells[name]), about: String(cells[status ?? -1] ?? "") }));
}
