/** Evicts a pod and says what the server's answer means. */
import type { EvictionAnswer } from "../model/eviction.ts";
import { classifyEviction } from "../platform/eviction-answer.ts";
import type { EvictOptions } from "./api.ts";
import type { KubeClient } from "./client.ts";

/** One eviction, or with `dryRun` the question what its answer would be. Throws UnreachableError when no answer could be had. */
export async function evictPod(
  client: KubeClient,
  pod: { readonly namespace: string; readonly name: string; readonly uid: string },
  options: EvictOptions = {},
): Promise<EvictionAnswer> {
  const response = await client.evict(pod, options);
  return classifyEviction(response.status, response.body);
}
