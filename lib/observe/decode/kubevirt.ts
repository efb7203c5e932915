/** Decodes KubeVirt's kinds. */
import { type JsonObject, objectOf } from "../../model/json.ts";
import type {
  KubeVirt,
  MigrationConfiguration,
  MigrationState,
  ReplicaSet,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VmiVolume,
} from "../../model/kubevirt.ts";
import { flag, listOf, number, text, textMap, textOrNumber } from "../read-field.ts";
import { decodeConditions, decoder } from "./metadata.ts";
import { decodeAffinity, decodeTolerations } from "./scheduling.ts";

export const decodeVmi = decoder(({ metadata, spec, status }): VirtualMachineInstance => {
  const domain = objectOf(spec.domain);
  return {
    metadata,
    spec: {
      evictionStrategy: text(spec.evictionStrategy),
      nodeSelector: textMap(spec.nodeSelector),
      affinity: decodeAffinity(spec.affinity),
      tolerations: decodeTolerations(spec.tolerations),
      terminationGracePeriodSeconds: number(spec.terminationGracePeriodSeconds),
      guestMemory: guestMemory(domain),
      cpuModel: text(objectOf(domain.cpu).model),
      architecture: text(spec.architecture),
      volumes: listOf(spec.volumes, decodeVmiVolume),
    },
    status: {
      phase: text(status.phase) ?? "",
      reason: text(status.reason),
      nodeName: text(status.nodeName),
      evacuationNodeName: text(status.evacuationNodeName),
      conditions: decodeConditions(status.conditions),
      activePods: textMap(status.activePods),
      migrationMethod: text(status.migrationMethod),
      migrationState: decodeMigrationState(status.migrationState),
    },
  };
});

/** The order of KubeVirt's `GetVirtualMemory` (pkg/virt-launcher/virtwrap/converter/vcpu/vcpu.go): guest, request, limit. */
function guestMemory(domain: JsonObject): string | undefined {
  const resources = objectOf(domain.resources);
  const memory =
    textOrNumber(objectOf(domain.memory).guest) ??
    textOrNumber(objectOf(resources.requests).memory) ??
    textOrNumber(objectOf(resources.limits).memory);
  return memory === undefined ? undefined : String(memory);
}

function decodeVmiVolume(value: unknown): VmiVolume {
  const fields = objectOf(value);
  const claim = objectOf(fields.persistentVolumeClaim);
  const dataVolume = objectOf(fields.dataVolume);
  const ephemeral = objectOf(objectOf(fields.ephemeral).persistentVolumeClaim);
  return {
    name: text(fields.name) ?? "",
    claimName:
      text(claim.claimName) ??
      text(dataVolume.name) ??
      text(ephemeral.claimName) ??
      text(objectOf(fields.memoryDump).claimName),
    hostDisk: fields.hostDisk !== undefined && fields.hostDisk !== null,
    hotpluggable: flag(claim.hotpluggable) || flag(dataVolume.hotpluggable),
  };
}

function decodeMigrationState(value: unknown): MigrationState | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = objectOf(value);
  return {
    migrationUid: text(fields.migrationUid),
    sourceNode: text(fields.sourceNode),
    sourcePod: text(fields.sourcePod),
    targetNode: text(fields.targetNode),
    targetPod: text(fields.targetPod),
    startTimestamp: text(fields.startTimestamp),
    endTimestamp: text(fields.endTimestamp),
    targetNodeDomainReadyTimestamp: text(fields.targetNodeDomainReadyTimestamp),
    completed: flag(fields.completed),
    failed: flag(fields.failed),
    failureReason: text(fields.failureReason),
    abortRequested: flag(fields.abortRequested),
    abortStatus: text(fields.abortStatus),
    mode: text(fields.mode),
  };
}

export const decodeMigration = decoder(
  ({ metadata, spec, status }): VirtualMachineInstanceMigration => ({
    metadata,
    spec: { vmiName: text(spec.vmiName) ?? "", priority: text(spec.priority) },
    status: {
      phase: text(status.phase) ?? "",
      phaseTransitionTimestamps: listOf(status.phaseTransitionTimestamps, (entry) => {
        const phase = text(objectOf(entry).phase);
        const time = text(objectOf(entry).phaseTransitionTimestamp);
        return phase === undefined || time === undefined ? undefined : { phase, time };
      }),
      conditions: decodeConditions(status.conditions),
      migrationState: decodeMigrationState(status.migrationState),
    },
  }),
);

export const decodeVirtualMachine = decoder(
  ({ metadata, spec, status }): VirtualMachine => ({
    metadata,
    runStrategy: runStrategy(spec),
    printableStatus: text(status.printableStatus),
    conditions: decodeConditions(status.conditions),
  }),
);

export const decodeReplicaSet = decoder(
  ({ metadata, spec, status }): ReplicaSet => ({
    metadata,
    replicas: number(spec.replicas) ?? 1,
    readyReplicas: number(status.readyReplicas) ?? 0,
  }),
);

/** `VirtualMachine.RunStrategy` (kubevirt.io/api/core/v1/types.go); undefined where not even `spec.running` can be read. */
function runStrategy(spec: JsonObject): string | undefined {
  const strategy = text(spec.runStrategy);
  if (strategy !== undefined) return strategy;
  if (typeof spec.running !== "boolean") return undefined;
  return spec.running ? "Always" : "Halted";
}

export const decodeKubeVirt = decoder(({ metadata, spec, status }): KubeVirt => {
  const configuration = objectOf(spec.configuration);
  return {
    metadata,
    evictionStrategy: text(configuration.evictionStrategy),
    migrations: decodeMigrationConfiguration(configuration.migrations),
    observedVersion: text(status.observedKubeVirtVersion),
    targetVersion: text(status.targetKubeVirtVersion),
    phase: text(status.phase),
    conditions: decodeConditions(status.conditions),
  };
});

function decodeMigrationConfiguration(value: unknown): MigrationConfiguration {
  const fields = objectOf(value);
  return {
    parallelMigrationsPerCluster: number(fields.parallelMigrationsPerCluster),
    parallelOutboundMigrationsPerNode: number(fields.parallelOutboundMigrationsPerNode),
    completionTimeoutPerGiB: number(fields.completionTimeoutPerGiB),
    progressTimeout: number(fields.progressTimeout),
    nodeDrainTaintKey: text(fields.nodeDrainTaintKey),
  };
}
