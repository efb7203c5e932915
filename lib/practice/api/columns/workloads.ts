/** Tables of workloads, budgets and services (kubernetes pkg/printers/internalversion/printers.go). */
import type { KubeObject } from "../../store.ts";
import {
  ageColumn,
  type Column,
  column,
  integer,
  labelText,
  nameColumn,
  orNone,
  selectorText,
  wide,
} from "./column.ts";

function containersOf(object: KubeObject): readonly { name: string; image?: string }[] {
  return object.spec?.template?.spec?.containers ?? [];
}

const containers = column("Containers", (object) =>
  containersOf(object)
    .map(({ name }) => name)
    .join(","),
);
const images = column("Images", (object) =>
  containersOf(object)
    .map(({ image = "" }) => image)
    .join(","),
);
const selector = column("Selector", (object) => selectorText(object.spec?.selector));
const template = wide(containers, images, selector);

const replicaColumns = (selectorColumn: Column): readonly Column[] => [
  nameColumn,
  integer("Desired", (object) => object.spec?.replicas ?? 0),
  integer("Current", (object) => object.status?.replicas ?? 0),
  integer("Ready", (object) => object.status?.readyReplicas ?? 0),
  ageColumn,
  ...wide(containers, images, selectorColumn),
];

const readyOfDesired = column("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`);

/** A number or percentage, else what kubectl prints for an unset one. */
function amount(value: string | number | undefined): string {
  return value === undefined ? "N/A" : String(value);
}

interface ServicePort {
  readonly port: number;
  readonly nodePort?: number;
  readonly protocol?: string;
}

function portText({ port, nodePort, protocol = "TCP" }: ServicePort): string {
  return nodePort === undefined ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`;
}

function externalIp({ spec, status }: KubeObject): string {
  if (spec?.type === "ExternalName") return spec.externalName ?? "";
  const ingress: readonly { ip?: string; hostname?: string }[] = status?.loadBalancer?.ingress ?? [];
  const addresses = [...ingress.map(({ ip, hostname }) => ip ?? hostname ?? ""), ...(spec?.externalIPs ?? [])];
  if (addresses.length > 0) return addresses.join(",");
  return spec?.type === "LoadBalancer" ? "<pending>" : "<none>";
}

/** `pods: 1/10, requests.memory: 3Gi/64Gi`. */
function usage({ status }: KubeObject, concerns: (resource: string) => boolean): string {
  const names = Object.keys(status?.hard ?? {}).filter(concerns);
  return names
    .sort()
    .map((name) => `${name}: ${status?.used?.[name]}/${status?.hard[name]}`)
    .join(", ");
}

export const workloadColumns: Readonly<Record<string, readonly Column[]>> = {
  "/replicationcontrollers": replicaColumns(column("Selector", (object) => labelText(object.spec?.selector))),
  "/services": [
    nameColumn,
    column("Type", ({ spec }) => spec?.type ?? "ClusterIP"),
    column("Cluster-IP", ({ spec }) => orNone(spec?.clusterIPs?.[0] ?? spec?.clusterIP)),
    column("External-IP", externalIp),
    column("Port(s)", ({ spec }) => orNone((spec?.ports ?? []).map(portText).join(","))),
    ageColumn,
    ...wide(column("Selector", ({ spec }) => labelText(spec?.selector))),
  ],
  "apps/deployments": [
    nameColumn,
    readyOfDesired,
    integer("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0),
    integer("Available", ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    ...template,
  ],
  "apps/replicasets": replicaColumns(selector),
  "apps/daemonsets": [
    nameColumn,
    integer("Desired", ({ status }) => status?.desiredNumberScheduled ?? 0),
    integer("Current", ({ status }) => status?.currentNumberScheduled ?? 0),
    integer("Ready", ({ status }) => status?.numberReady ?? 0),
    integer("Up-to-date", ({ status }) => status?.updatedNumberScheduled ?? 0),
    integer("Available", ({ status }) => status?.numberAvailable ?? 0),
    column("Node Selector", ({ spec }) => labelText(spec?.template?.spec?.nodeSelector)),
    ageColumn,
    ...template,
  ],
  "apps/statefulsets": [nameColumn, readyOfDesired, ageColumn, ...wide(containers, images)],
  "apps/controllerrevisions": [
    nameColumn,
    column("Controller", ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
      if (owner === undefined) return "<none>";
      const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : "";
      return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
    }),
    integer("Revision", ({ revision }) => revision ?? 0),
    ageColumn,
  ],
  "/resourcequotas": [
    nameColumn,
    column("Request", (quota) => usage(quota, (resource) => !resource.startsWith("limits."))),
    column("Limit", (quota) => usage(quota, (resource) => resource.startsWith("limits."))),
    ageColumn,
  ],
  "policy/poddisruptionbudgets": [
    nameColumn,
    column("Min Available", ({ spec }) => amount(spec?.minAvailable)),
    column("Max Unavailable", ({ spec }) => amount(spec?.maxUnavailable)),
    integer("Allowed Disruptions", ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
};
