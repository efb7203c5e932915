/** Tables of volumes and their classes (kubernetes pkg/printers/internalversion/printers.go). */
import type { KubeObject } from "../../store.ts";
import { ageColumn, type Column, column, integer, nameColumn, wide } from "./column.ts";

const accessModeNames: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function accessModes(modes: readonly string[] | undefined): string {
  const given = new Set(modes ?? []);
  return Object.entries(accessModeNames)
    .filter(([mode]) => given.has(mode))
    .map(([, short]) => short)
    .join(",");
}

const unset = "<unset>";
const volumeMode = wide(column("VolumeMode", ({ spec }) => spec?.volumeMode ?? unset));
const attributesClass = column("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName ?? unset);
const storageClass = column("StorageClass", ({ spec, metadata }) => {
  return metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec?.storageClassName ?? "";
});

/** An object that its finalizers still keep is shown as on its way out. */
function phase({ metadata, status }: KubeObject): string {
  return metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating";
}

/** A claim shows what its volume gave it, and nothing before it is bound. */
function bound(claim: KubeObject, text: () => string): string {
  return claim.spec?.volumeName ? text() : "";
}

export const storageColumns: Readonly<Record<string, readonly Column[]>> = {
  "/persistentvolumeclaims": [
    nameColumn,
    column("Status", phase),
    column("Volume", ({ spec }) => spec?.volumeName ?? ""),
    column("Capacity", (claim) => bound(claim, () => claim.status?.capacity?.storage ?? "0")),
    column("Access Modes", (claim) => bound(claim, () => accessModes(claim.status?.accessModes))),
    storageClass,
    attributesClass,
    ageColumn,
    ...volumeMode,
  ],
  "/persistentvolumes": [
    nameColumn,
    column("Capacity", ({ spec }) => spec?.capacity?.storage ?? "0"),
    column("Access Modes", ({ spec }) => accessModes(spec?.accessModes)),
    column("Reclaim Policy", ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ""),
    column("Status", phase),
    column("Claim", ({ spec }) => (spec?.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : "")),
    storageClass,
    attributesClass,
    column("Reason", ({ status }) => status?.reason ?? ""),
    ageColumn,
    ...volumeMode,
  ],
  "storage.k8s.io/storageclasses": [
    {
      ...nameColumn,
      cell: ({ metadata }) => `${metadata.name}${isDefaultClass(metadata.annotations) ? " (default)" : ""}`,
    },
    column("Provisioner", ({ provisioner }) => provisioner ?? ""),
    column("ReclaimPolicy", ({ reclaimPolicy }) => reclaimPolicy ?? "Delete"),
    column("VolumeBindingMode", ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate"),
    { ...column("AllowVolumeExpansion", ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false), type: "string" },
    ageColumn,
  ],
  "storage.k8s.io/volumeattachments": [
    nameColumn,
    column("Attacher", ({ spec }) => spec?.attacher ?? ""),
    column("PV", ({ spec }) => spec?.source?.persistentVolumeName ?? ""),
    column("Node", ({ spec }) => spec?.nodeName ?? ""),
    { ...column("Attached", ({ status }) => status?.attached ?? false), type: "boolean" },
    ageColumn,
  ],
  "storage.k8s.io/csinodes": [nameColumn, integer("Drivers", ({ spec }) => spec?.drivers?.length ?? 0), ageColumn],
};

function isDefaultClass(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
}
