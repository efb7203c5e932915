/** Asks the API server what it would answer to evictions, without evicting anything. */
import type { KubeClient } from "../kube/client.ts";
import { evictPod } from "../kube/evict-pod.ts";
import type { EvictionAnswer } from "../model/eviction.ts";
import type { Pod } from "../model/kubernetes.ts";
import { launcherWebhook } from "../platform/names.ts";
import { mayI } from "./access.ts";
import type { Attempt, Reading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

export interface DryRuns {
  /** By pod UID. */
  readonly answers: Readonly<Record<string, EvictionAnswer>>;
  readonly leftOut?: string | undefined;
}

/** With pods in more namespaces than this, a right that does not hold for the whole cluster is not asked for one by one. */
const namespacesAskedSingly = 10;

/** Each time that KubeVirt's webhook does not answer takes ten seconds: after so many in a row the other pods are not asked about. */
const silencesThatSuffice = 3;

/**
 * One dry-run eviction for each pod, where the user may evict. A dry run marks no VMI (the caller vouches for KubeVirt's
 * version), so that the UID that goes with it as a precondition is guard enough.
 */
export async function askDryRuns(reading: Reading, pods: readonly Pod[]): Promise<DryRuns> {
  if (pods.length === 0) return { answers: {} };
  const refused = await namespacesWithoutRight(reading, new Set(pods.map((pod) => pod.metadata.namespace)));
  if (!refused.ok)
    return { answers: {}, leftOut: `whether you may evict could not be asked: ${refused.error.message}` };
  const asked = pods.filter((pod) => !refused.value.has(pod.metadata.namespace));
  const silences: EvictionAnswer[] = [];
  const answers = await Promise.all(asked.map((pod) => askDryRun(reading, pod, silences)));
  const where = [...refused.value].sort().join(", ");
  return {
    answers: Object.fromEntries(answers),
    leftOut: where === "" ? undefined : `you may not create pods/eviction in namespace ${where}`,
  };
}

function namespacesWithoutRight(
  reading: Reading,
  namespaces: ReadonlySet<string>,
): Promise<Attempt<ReadonlySet<string>>> {
  return reading.attempt(async (client) => {
    const question = { verb: "create", type: resourceTypes.pods, subresource: "eviction" };
    const options = { signal: reading.signal };
    if (await mayI(client, question, options)) return new Set<string>();
    if (namespaces.size > namespacesAskedSingly) return namespaces;
    const refused = new Set<string>();
    for (const namespace of namespaces)
      if (!(await mayI(client, { ...question, namespace }, options))) refused.add(namespace);
    return refused;
  });
}

/** `silences` are the latest answers, as long as they all say that the webhook is silent. */
async function askDryRun(
  reading: Reading,
  { metadata }: Pod,
  silences: EvictionAnswer[],
): Promise<readonly [string, EvictionAnswer]> {
  const { namespace, name, uid } = metadata;
  const asked = await reading.attempt(async (client: KubeClient) => {
    const silence = silences[silencesThatSuffice - 1];
    if (silence !== undefined) return { ...silence, message: `not asked, for others: ${silence.message}` };
    const answer = await evictPod(client, { namespace, name, uid }, { dryRun: true, signal: reading.signal });
    if (answer.kind === "webhook-unreachable" && answer.message.includes(launcherWebhook)) silences.push(answer);
    else silences.length = 0;
    return answer;
  });
  return [uid, asked.ok ? asked.value : { kind: "retry", code: 0, message: asked.error.message }];
}
