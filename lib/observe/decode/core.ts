/** Decodes the kinds of the core group: nodes, pods, quotas, claims and volumes. */
import { objectOf } from "../../model/json.ts";
import type {
  Container,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodVolume,
  Quantities,
  ResourceQuota,
} from "../../model/kubernetes.ts";
import { flag, listOf, number, text, textMap, textOrNumber } from "../read-field.ts";
import { decodeConditions, decoder } from "./metadata.ts";
import { decodeAffinity, decodeNodeSelector, decodeSpread, decodeTaints, decodeTolerations } from "./scheduling.ts";

export const decodeNode = decoder(
  ({ metadata, spec, status }): Node => ({
    metadata,
    spec: {
      unschedulable: flag(spec.unschedulable),
      taints: decodeTaints(spec.taints),
      providerId: text(spec.providerID),
    },
    status: {
      conditions: decodeConditions(status.conditions),
      allocatable: decodeQuantities(status.allocatable),
      bootID: text(objectOf(status.nodeInfo).bootID),
    },
  }),
);

export const decodePod = decoder(
  ({ metadata, spec, status }): Pod => ({
    metadata,
    spec: {
      nodeName: text(spec.nodeName),
      nodeSelector: textMap(spec.nodeSelector),
      affinity: decodeAffinity(spec.affinity),
      tolerations: decodeTolerations(spec.tolerations),
      containers: listOf(spec.containers, decodeContainer),
      initContainers: listOf(spec.initContainers, decodeContainer),
      overhead: decodeQuantities(spec.overhead),
      volumes: listOf(spec.volumes, decodePodVolume),
      terminationGracePeriodSeconds: number(spec.terminationGracePeriodSeconds),
      spread: decodeSpread(spec.topologySpreadConstraints),
      priorityClassName: text(spec.priorityClassName),
      priority: number(spec.priority),
      neverPreempts: spec.preemptionPolicy === "Never",
    },
    status: {
      phase: text(status.phase) ?? "",
      reason: text(status.reason),
      conditions: decodeConditions(status.conditions),
    },
  }),
);

function decodeContainer(value: unknown): Container {
  const fields = objectOf(value);
  const { requests, limits } = objectOf(fields.resources);
  return {
    name: text(fields.name) ?? "",
    requests: decodeQuantities(requests),
    limits: limits === undefined ? undefined : decodeQuantities(limits),
    sidecar: fields.restartPolicy === "Always",
  };
}

function decodePodVolume(value: unknown): PodVolume {
  const fields = objectOf(value);
  return {
    name: text(fields.name) ?? "",
    claimName: text(objectOf(fields.persistentVolumeClaim).claimName),
    // `emptyDir: {}` is the usual form: it is there or not.
    emptyDir: fields.emptyDir !== undefined && fields.emptyDir !== null,
    hostPath: fields.hostPath !== undefined && fields.hostPath !== null,
  };
}

/** Quantities may come as bare numbers, too (`cpu: 2`). */
function decodeQuantities(value: unknown): Quantities {
  const entries: [string, string][] = [];
  for (const [resource, amount] of Object.entries(objectOf(value))) {
    const quantity = textOrNumber(amount);
    if (quantity !== undefined) entries.push([resource, String(quantity)]);
  }
  return Object.fromEntries(entries);
}

/** `scopes` are those of `scopeSelector` in short (apiserver's getScopeSelectorsFromQuota). */
export const decodeQuota = decoder(
  ({ metadata, spec, status }): ResourceQuota => ({
    metadata,
    scopes: [
      ...listOf(spec.scopes, text).map((name) => ({ name, operator: "Exists", values: [] })),
      ...listOf(objectOf(spec.scopeSelector).matchExpressions, (entry) => {
        const { scopeName, operator, values } = objectOf(entry);
        return { name: text(scopeName) ?? "", operator: text(operator) ?? "", values: listOf(values, text) };
      }),
    ],
    hard: decodeQuantities(status.hard),
    used: decodeQuantities(status.used),
  }),
);

export const decodeClaim = decoder(
  ({ metadata, spec }): PersistentVolumeClaim => ({
    metadata,
    volumeName: text(spec.volumeName),
    accessModes: listOf(spec.accessModes, text),
  }),
);

export const decodePersistentVolume = decoder(({ metadata, spec }): PersistentVolume => {
  const claim = objectOf(spec.claimRef);
  const claimName = text(claim.name);
  return {
    metadata,
    accessModes: listOf(spec.accessModes, text),
    nodeAffinity: decodeNodeSelector(objectOf(spec.nodeAffinity).required),
    claim: claimName === undefined ? undefined : { namespace: text(claim.namespace) ?? "", name: claimName },
  };
});
