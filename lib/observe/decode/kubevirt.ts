/** Decodes KubeVirt's kinds. */
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
import { type Fields, fieldsOf, flag, listOf, number, text, textMap, textOrNumber } from "../read-field.ts";
import { decodeConditions, decoder } from "./metadata.ts";
import { decodeAffinity, decodeTolerations } from "./scheduling.ts";

export const decodeVmi = decoder(({ metadata, spec, status }): VirtualMachineInstance => {
  const domain = fieldsOf(spec.domain);
  return {
    metadata,
    spec: {
      evictionStrategy: text(spec.evictionStrategy),
      nodeSelector: textMap(spec.nodeSelector),
      affinity: decodeAffinity(spec.affinity),
      tolerations: decodeTolerations(spec.tolerations),
      terminationGracePeriodSeconds: number(spec.terminationGracePeriodSeconds),
      guestMemory: guestMemory(domain),
      cpuModel: text(fieldsOf(domain.cpu).model),
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
function guestMemory(domain: Fields): string | undefined {
  const resources = fieldsOf(domain.resources);
  const memory =
    textOrNumber(fieldsOf(domain.memory).guest) ??
    textOrNumber(fieldsOf(resources.requests).memory) ??
    textOrNumber(fieldsOf(resources.limits).memory);
  return memory === undefined ? undefined : String(memory);
}

function decodeVmiVolume(value: unknown): VmiVolume {
  const fields = fieldsOf(value);
  const claim = fieldsOf(fields.persistentVolumeClaim);
  const dataVolume = fieldsOf(fields.dataVolume);
  const ephemeral = fieldsOf(fieldsOf(fields.ephemeral).persistentVolumeClaim);
  return {
    name: text(fields.name) ?? "",
    claimName:
      text(claim.claimName) ??
      text(dataVolume.name) ??
      text(ephemeral.claimName) ??
      text(fieldsOf(fields.memoryDump).claimName),
    hostDisk: fields.hostDisk !== undefined && fields.hostDisk !== null,
    hotpluggable: flag(claim.hotpluggable) || flag(dataVolume.hotpluggable),
  };
}

function decodeMigrationState(value: unknown): MigrationState | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = fieldsOf(value);
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
        const phase = text(fieldsOf(entry).phase);
        const time = text(fieldsOf(entry).phaseTransitionTimestamp);
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
function runStrategy(spec: Fields): string | undefined {
  const strategy = text(spec.runStrategy);
  if (strategy !== undefined) return strategy;
  if (typeof spec.running !== "boolean") return undefined;
  return spec.running ? "Always" : "Halted";
}

export const decodeKubeVirt = decoder(({ metadata, spec, status }): KubeVirt => {
  const configuration = fieldsOf(spec.configuration);
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
  const fields = fieldsOf(value);
  return {
    parallelMigrationsPerCluster: number(fields.parallelMigrationsPerCluster),
    parallelOutboundMigrationsPerNode: number(fields.parallelOutboundMigrationsPerNode),
    completionTimeoutPerGiB: number(fields.completionTimeoutPerGiB),
    progressTimeout: number(fields.progressTimeout),
    nodeDrainTaintKey: text(fields.nodeDrainTaintKey),
  };
}
