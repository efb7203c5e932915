/** Turns one action into its requests and the server's answer into a result. It decides nothing. */

import type { ResourcePath, ResourceType } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import { evictPod } from "../kube/evict-pod.ts";
import type { KubeResponse } from "../kube/request.ts";
import { statusDetails } from "../kube/status.ts";
import type { Action, ActionResult, Target } from "../model/action.ts";
import { UnreachableError } from "../model/errors.ts";
import type { EvictionAnswer } from "../model/eviction.ts";
import { fieldManager, recordAnnotation } from "../model/record.ts";
import { resourceTypes } from "../observe/resource-types.ts";

const { nodes, vmis: instances, migrations } = resourceTypes;
const instanceSubresources: ResourceType = { ...instances, group: "subresources.kubevirt.io" };

export interface PerformOptions {
  readonly dryRun?: boolean | undefined;
  /** For writes to a node that hold whenever they come; see WriteOptions. */
  readonly patient?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

type WriteAction = Exclude<Action, { kind: "evict" }>;

/** Carries out one write. Throws only what is neither the server's answer nor its silence. */
export async function perform(
  client: KubeClient,
  action: WriteAction,
  options: PerformOptions = {},
): Promise<ActionResult> {
  try {
    return resultOf(await send(client, action, options));
  } catch (error) {
    if (error instanceof UnreachableError) return { kind: "unanswered", message: error.message };
    throw error;
  }
}

function recordPatch({ record, rewritten }: Extract<Action, { kind: "release-node" }>): object {
  if (record) return { annotations: { [recordAnnotation]: null } };
  return rewritten === undefined ? {} : { annotations: { [recordAnnotation]: JSON.stringify(rewritten) } };
}

function send(client: KubeClient, action: WriteAction, options: PerformOptions): Promise<KubeResponse> {
  switch (action.kind) {
    case "cordon":
      return patchNode(client, action, options, {
        metadata: { annotations: { [recordAnnotation]: JSON.stringify(action.record) } },
        spec: { unschedulable: true, ...(action.taints === undefined ? {} : { taints: action.taints }) },
      });
    case "release-node":
      return patchNode(client, action, options, {
        metadata: recordPatch(action),
        spec: {
          ...(action.uncordon ? { unschedulable: null } : {}),
          ...(action.taints.length > 0 ? { taints: action.remainingTaints } : {}),
        },
      });
    case "cancel-evacuation":
      return cancelEvacuation(client, action, options);
    case "delete-migration":
      return client.delete(pathOf(migrations, action.migration), { uid: action.migration.uid, ...options });
    case "delete-pod":
      return client.delete(pathOf(resourceTypes.pods, action.pod), {
        uid: action.pod.uid,
        gracePeriodSeconds: 0,
        ...options,
      });
    case "detach": {
      const { name, uid } = action.attachment;
      return client.delete({ type: resourceTypes.attachments, name }, { uid, ...options });
    }
  }
}

/** A merge patch that holds only for the object that was read: another UID or a newer resourceVersion is a conflict (409). */
function patchNode(
  client: KubeClient,
  action: { readonly node: string; readonly uid: string; readonly resourceVersion: string },
  options: PerformOptions,
  patch: { readonly metadata: object; readonly spec: object },
): Promise<KubeResponse> {
  const metadata = { ...patch.metadata, uid: action.uid, resourceVersion: action.resourceVersion };
  return client.patch(
    { type: nodes, name: action.node },
    { ...patch, metadata },
    { type: "merge", fieldManager, ...options },
  );
}

/**
 * Takes an evacuation mark back: kubevirt/kubevirt pkg/virt-api/rest/evacuate_cancel.go. Without that subresource (KubeVirt up to
 * 1.6) only KubeVirt's own controller account may change the mark.
 */
function cancelEvacuation(
  client: KubeClient,
  action: Extract<Action, { kind: "cancel-evacuation" }>,
  options: PerformOptions,
): Promise<KubeResponse> {
  if (action.impersonate === undefined) {
    return client.put(
      { ...pathOf(instanceSubresources, action.vmi), subresource: "evacuate/cancel" },
      { evacuationNodeName: action.node, ...(options.dryRun ? { dryRun: ["All"] } : {}) },
      { signal: options.signal },
    );
  }
  return client.patch(
    pathOf(instances, action.vmi),
    [
      { op: "test", path: "/metadata/uid", value: action.vmi.uid },
      { op: "test", path: "/status/evacuationNodeName", value: action.node },
      { op: "remove", path: "/status/evacuationNodeName" },
    ],
    { type: "json", fieldManager, as: action.impersonate, ...options },
  );
}

function pathOf(type: ResourceType, target: Target): ResourcePath {
  return { type, namespace: target.namespace, name: target.name };
}

function resultOf(response: KubeResponse): ActionResult {
  if (response.status >= 200 && response.status < 300) return { kind: "done" };
  const { code, reason, message } = statusDetails(response);
  return code === 404 ? { kind: "nothing-to-do", detail: message } : { kind: "refused", code, reason, message };
}

/**
 * Evicts one pod, if the pod of that name still is the one that was assessed: KubeVirt's eviction webhook marks a VMI whatever
 * UID the request carries, so the UID is compared before anything is sent, and sent as a precondition as well.
 */
export async function evict(
  client: KubeClient,
  action: Extract<Action, { kind: "evict" }>,
  options: PerformOptions & { readonly seenUid: string | undefined },
): Promise<EvictionAnswer> {
  if (options.seenUid !== action.pod.uid)
    return { kind: "gone", code: 404, message: "the pod is gone or was replaced" };
  try {
    return await evictPod(client, action.pod, {
      gracePeriodSeconds: action.graceSeconds,
      dryRun: options.dryRun,
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof UnreachableError) return { kind: "retry", code: 0, message: error.message };
    throw error;
  }
}
