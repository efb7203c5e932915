/** Asks the API server what it would answer to evictions, without evicting anything. */
import type { KubeClient } from "../kube/client.ts";
import type { EvictionAnswer } from "../model/eviction.ts";
import type { Pod } from "../model/kubernetes.ts";
import { classifyEviction } from "../platform/eviction-answer.ts";
import { mayI } from "./access.ts";
import type { Reading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

export interface DryRuns {
  /** By pod UID. */
  readonly answers: Readonly<Record<string, EvictionAnswer>>;
  readonly leftOut?: string | undefined;
}

/**
 * One dry-run eviction for each pod, where the user may evict. A dry run marks no VMI (the caller vouches for KubeVirt's
 * version), so that the UID that goes with it as a precondition is guard enough.
 */
export async function askDryRuns(reading: Reading, pods: readonly Pod[], signal?: AbortSignal): Promise<DryRuns> {
  if (pods.length === 0) return { answers: {} };
  const may = await reading.attempt((client) =>
    mayI(client, { verb: "create", type: resourceTypes.pods, subresource: "eviction" }, { signal }),
  );
  if (!may.ok) return { answers: {}, leftOut: `whether you may evict could not be asked: ${may.error.message}` };
  if (!may.value) return { answers: {}, leftOut: "you may not create pods/eviction in all namespaces" };
  const answers = await Promise.all(pods.map((pod) => askDryRun(reading, pod, signal)));
  return { answers: Object.fromEntries(answers) };
}

async function askDryRun(
  reading: Reading,
  { metadata }: Pod,
  signal?: AbortSignal,
): Promise<readonly [string, EvictionAnswer]> {
  const { namespace, name, uid } = metadata;
  const answer = await reading.attempt((client: KubeClient) =>
    client.evict({ namespace, name, uid }, { dryRun: true, signal }),
  );
  const classified = answer.ok
    ? classifyEviction(answer.value.status, answer.value.body)
    : classifyEviction(0, answer.error.message);
  return [uid, classified];
}
