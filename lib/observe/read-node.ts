/** Reads one Node, fresh. */

import type { RequestOptions } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import { ExpectedError } from "../model/errors.ts";
import type { Node } from "../model/kubernetes.ts";
import { decodeNode } from "./decode/core.ts";
import { resourceTypes } from "./resource-types.ts";

/** The Node as the API server has it now. Throws KubeError when it does not exist or may not be read. */
export async function readNode(client: KubeClient, name: string, options?: RequestOptions): Promise<Node> {
  const { object } = await client.get({ type: resourceTypes.nodes, name }, options);
  const node = decodeNode(object);
  if (node === undefined) throw new ExpectedError(`node/${name} came without its name or UID and cannot be told`);
  return node;
}
