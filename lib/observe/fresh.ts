/** Reads a node past every store: what "drained", consent, and the word that it may be powered off rest on. */
import type { KubeClient } from "../kube/client.ts";
import { ExpectedError } from "../model/errors.ts";
import type { Gap } from "../model/facts.ts";
import { isFinishedPod, type Pod } from "../model/kubernetes.ts";
import { isFinalVmi, type VirtualMachineInstance } from "../model/kubevirt.ts";
import { liveLaunchers } from "../platform/launcher-pod.ts";
import { decodeAttachment } from "./decode/storage.ts";
import { startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { readWorkloads } from "./workloads.ts";

export interface FreshNode {
  readonly name: string;
  readonly time: string | undefined;
  /** Unfinished launcher pods. */
  readonly launchers: readonly Pod[];
  /** VMIs that have not ended and run here, or belong to one of the launcher pods. */
  readonly vmis: readonly VirtualMachineInstance[];
  /** Every other pod that has not ended. */
  readonly otherPods: readonly Pod[];
  /** Names of the volumes that are still attached; undefined when not asked for, or not readable, which is a gap. */
  readonly attachedVolumes?: readonly string[] | undefined;
  readonly gaps: readonly Gap[];
}

export interface FreshOptions {
  /** Attached volumes, too: they can only be listed for the whole cluster, so this is for the end of a drain. */
  readonly attachments?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What is on the node now. Throws ExpectedError when its pods or VMIs could not be read, because an answer with holes in it
 * would pass for an empty node.
 */
export async function freshlyRead(client: KubeClient, name: string, options: FreshOptions = {}): Promise<FreshNode> {
  const reading = startReading(client, options.signal);
  const [{ pods, vmis }, attached] = await Promise.all([
    readWorkloads(reading, [name], true),
    options.attachments === true
      ? reading.list(resourceTypes.attachments, {}, decodeAttachment)
      : Promise.resolve(undefined),
  ]);
  const hole = reading.gaps.find(({ resource }) => resource !== resourceTypes.attachments.plural);
  if (hole !== undefined)
    throw new ExpectedError(`node/${name} could not be read afresh: ${hole.resource}: ${hole.reason}`);
  const launchers = liveLaunchers(pods);
  const launcherUids = new Set(launchers.map((pod) => pod.metadata.uid));
  return {
    name,
    time: reading.serverTime()?.toISOString(),
    launchers,
    vmis: vmis.filter((vmi) => !isFinalVmi(vmi)),
    otherPods: pods.filter((pod) => !isFinishedPod(pod) && !launcherUids.has(pod.metadata.uid)),
    attachedVolumes: attached
      ?.filter((attachment) => attachment.nodeName === name && attachment.attached)
      .map(({ persistentVolumeName, metadata }) => persistentVolumeName ?? metadata.name),
    gaps: reading.gaps,
  };
}
