/** Gives one node back: our taints first, then the cordon, and waits until KubeVirt, too, calls the node schedulable. */
import { isOutOfService } from "../assess/out-of-service.ts";
import { takesVms } from "../assess/schedulable.ts";
import { ourTaints, releaseNode } from "../decide/cordon.ts";
import type { KubeClient } from "../kube/client.ts";
import { ExpectedError, InterruptedError } from "../model/errors.ts";
import { recoveryOn } from "../model/facts.ts";
import { taintText } from "../model/kubernetes.ts";
import { readNode } from "../observe/read-node.ts";
import { resultText } from "./action-words.ts";
import { changeNode } from "./cordon-nodes.ts";
import type { ActWorld } from "./world.ts";

export interface UncordonResult {
  /** It was schedulable before. */
  readonly already: boolean;
  /** Our taints that were taken off. */
  readonly taints: readonly string[];
  /** It had been declared lost. */
  readonly wasLost: boolean;
  /** It bears the out-of-service taint still, because somebody else has set it. */
  readonly condemned: boolean;
}

/** A node carries at most our taints and then the cordon: two writes. */
const stepsAtMost = 4;

/**
 * Takes our taints, the cordon and, unless `keepRecord`, the record off one node.
 * Throws ExpectedError in kubectl's words when the server refuses or does not answer.
 */
export async function uncordonNode(
  client: KubeClient,
  name: string,
  options: { readonly dryRun: boolean; readonly keepRecord?: boolean },
): Promise<UncordonResult> {
  const taints: string[] = [];
  let already: boolean | undefined;
  let wasLost = false;
  let condemned = false;
  for (let step = 0; step < stepsAtMost; step += 1) {
    let finished = false;
    const { node, result } = await changeNode(
      client,
      { name },
      (current, record) => {
        wasLost ||= recoveryOn(record) !== undefined;
        const ours = ourTaints(current, record);
        condemned = current.spec.taints.some((taint) => isOutOfService(taint) && !ours.includes(taintText(taint)));
        const action = releaseNode(current, record, { uncordon: true, keepRecord: options.keepRecord === true });
        finished = action === undefined || action.taints.length === 0;
        for (const taint of action?.taints ?? []) if (!taints.includes(taint)) taints.push(taint);
        return action;
      },
      { dryRun: options.dryRun, patient: true },
    );
    already ??= !node.spec.unschedulable;
    if (result.kind !== "done") throw new ExpectedError(`unable to uncordon node "${name}": ${resultText(result)}`);
    if (finished || options.dryRun) break;
  }
  return { already: already ?? false, taints, wasLost, condemned };
}

/** Takes off our taints alone, and tells which; the cordon and the record stay. Throws as `uncordonNode` does. */
export async function removeOurTaints(
  client: KubeClient,
  name: string,
  options: { readonly dryRun: boolean },
): Promise<readonly string[]> {
  let taints: readonly string[] = [];
  const { result } = await changeNode(
    client,
    { name },
    (current, record) => {
      const action = releaseNode(current, record, { uncordon: false, keepRecord: true });
      taints = action?.taints ?? [];
      return action;
    },
    { ...options, patient: true },
  );
  if (result.kind !== "done") throw new ExpectedError(`unable to untaint node "${name}": ${resultText(result)}`);
  return taints;
}

const waitMs = 5 * 60_000;
const lookEveryMs = 2_000;

/**
 * Waits until KubeVirt's schedulable label is no longer false, five minutes at most. False when it still is; undefined when a signal
 * has come before that could be told.
 * virt-handler renews the label with its heartbeat, every 60 to 132 s (kubevirt/kubevirt pkg/virt-handler/heartbeat).
 */
export async function waitUntilSchedulable(
  client: KubeClient,
  name: string,
  world: Omit<ActWorld, "client">,
): Promise<boolean | undefined> {
  const end = world.clock.now().getTime() + waitMs;
  try {
    for (;;) {
      if (takesVms(await readNode(client, name, { signal: world.signal }))) return true;
      if (world.clock.now().getTime() >= end) return false;
      await world.clock.sleep(lookEveryMs, world.signal);
    }
  } catch (error) {
    if (error instanceof InterruptedError) return undefined;
    throw error;
  }
}
