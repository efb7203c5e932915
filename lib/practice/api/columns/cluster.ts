/** Tables of nodes, namespaces, events, leases, access rules and API objects (kubernetes pkg/printers/internalversion/printers.go). */
import type { KubeObject } from "../../store.ts";
import { ageColumn, type Column, column, createdAtColumn, integer, nameColumn, orNone, since, wide } from "./column.ts";

function nodeStatus({ spec, status }: KubeObject): string {
  const conditions: readonly { type: string; status: string }[] = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === "Ready");
  const states = [ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady"];
  if (spec?.unschedulable === true) states.push("SchedulingDisabled");
  return states.join(",");
}

function nodeRoles({ metadata }: KubeObject): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = new Set<string>();
  for (const [label, value] of Object.entries(metadata.labels ?? {})) {
    if (label.startsWith(prefix) && label.length > prefix.length) roles.add(label.slice(prefix.length));
    else if (label === "kubernetes.io/role" && value !== "") roles.add(value);
  }
  return orNone([...roles].sort().join(","));
}

function nodeAddress({ status }: KubeObject, type: string): string {
  const addresses: readonly { type: string; address: string }[] = status?.addresses ?? [];
  return addresses.find((address) => address.type === type)?.address ?? "<none>";
}

function nodeInfo(name: string, field: string): Column {
  return column(name, ({ status }) => status?.nodeInfo?.[field] || "<unknown>");
}

const nodeColumns: readonly Column[] = [
  nameColumn,
  column("Status", nodeStatus),
  column("Roles", nodeRoles),
  ageColumn,
  column("Version", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ""),
  ...wide(
    column("Internal-IP", (node) => nodeAddress(node, "InternalIP")),
    column("External-IP", (node) => nodeAddress(node, "ExternalIP")),
    nodeInfo("OS-Image", "osImage"),
    nodeInfo("Kernel-Version", "kernelVersion"),
    nodeInfo("Container-Runtime", "containerRuntimeVersion"),
  ),
];

function firstSeen(event: KubeObject, now: Date): string {
  return since(event.firstTimestamp || event.eventTime, now);
}

function lastSeen(event: KubeObject, now: Date): string {
  const latest = event.series?.lastObservedTime ?? event.lastTimestamp;
  return latest ? since(latest, now) : firstSeen(event, now);
}

function eventObject({ involvedObject = {} }: KubeObject): string {
  const kind = (involvedObject.kind ?? "").toLowerCase();
  return involvedObject.name ? `${kind}/${involvedObject.name}` : kind;
}

function eventSource({ source, reportingComponent = "", reportingInstance = "" }: KubeObject): string {
  const component = source?.component || reportingComponent;
  const host = source?.component ? source.host : reportingInstance;
  return host ? `${component}, ${host}` : component;
}

const eventColumns: readonly Column[] = [
  column("Last Seen", lastSeen),
  column("Type", ({ type }) => type ?? ""),
  column("Reason", ({ reason }) => reason ?? ""),
  column("Object", eventObject),
  ...wide(
    column("Subobject", ({ involvedObject }) => involvedObject?.fieldPath ?? ""),
    column("Source", eventSource),
  ),
  column("Message", ({ message }) => (message ?? "").trim()),
  ...wide(
    column("First Seen", firstSeen),
    integer("Count", ({ series, count }) => series?.count ?? (count || 1)),
    nameColumn,
  ),
];

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

function subjects(kind: string): (binding: KubeObject) => string {
  return (binding) =>
    ((binding.subjects ?? []) as readonly Subject[])
      .filter((subject) => subject.kind === kind)
      .map(({ namespace, name }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name))
      .join(", ");
}

const bindingColumns: readonly Column[] = [
  nameColumn,
  column("Role", ({ roleRef }) => `${roleRef?.kind ?? ""}/${roleRef?.name ?? ""}`),
  ageColumn,
  ...wide(
    column("Users", subjects("User")),
    column("Groups", subjects("Group")),
    column("ServiceAccounts", subjects("ServiceAccount")),
  ),
];

const webhookColumns: readonly Column[] = [
  nameColumn,
  integer("Webhooks", ({ webhooks }) => webhooks?.length ?? 0),
  ageColumn,
];

function apiService({ spec }: KubeObject): string {
  return spec?.service === undefined ? "Local" : `${spec.service.namespace}/${spec.service.name}`;
}

function availability({ status }: KubeObject): string {
  const conditions: readonly { type: string; status: string; reason?: string }[] = status?.conditions ?? [];
  const available = conditions.find(({ type }) => type === "Available");
  if (available === undefined) return "Unknown";
  return available.status === "True" ? "True" : `${available.status} (${available.reason ?? ""})`;
}

function endpointPorts({ ports = [] }: KubeObject): string {
  const list: readonly { port?: number }[] = ports ?? [];
  return list.length === 0 ? "<unset>" : limited(list.map(({ port }) => String(port ?? "*")));
}

function limited(texts: readonly string[]): string {
  const shown = texts.slice(0, 3).join(",");
  return texts.length > 3 ? `${shown} + ${texts.length - 3} more...` : orNone(shown);
}

interface Subset {
  readonly addresses?: readonly { ip: string }[];
  readonly ports?: readonly { port: number }[];
}

function endpointAddresses({ subsets = [] }: KubeObject): string {
  const list: readonly Subset[] = subsets ?? [];
  return limited(
    list.flatMap(({ addresses = [], ports = [] }) =>
      ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip}:${port}`)),
    ),
  );
}

const dataColumn = integer("Data", (o) => Object.keys({ ...o.data, ...o.binaryData }).length);

export const clusterColumns: Readonly<Record<string, readonly Column[]>> = {
  "/nodes": nodeColumns,
  "/events": eventColumns,
  "/namespaces": [nameColumn, column("Status", ({ status }) => status?.phase ?? ""), ageColumn],
  "/configmaps": [nameColumn, dataColumn, ageColumn],
  "/secrets": [nameColumn, column("Type", ({ type }) => type ?? ""), dataColumn, ageColumn],
  "/serviceaccounts": [nameColumn, integer("Secrets", ({ secrets }) => secrets?.length ?? 0), ageColumn],
  "/endpoints": [nameColumn, column("Endpoints", endpointAddresses), ageColumn],
  "discovery.k8s.io/endpointslices": [
    nameColumn,
    column("AddressType", ({ addressType }) => addressType ?? ""),
    column("Ports", endpointPorts),
    column("Endpoints", ({ endpoints = [] }) =>
      limited((endpoints as readonly { addresses: string[] }[]).flatMap(({ addresses }) => addresses)),
    ),
    ageColumn,
  ],
  "coordination.k8s.io/leases": [nameColumn, column("Holder", ({ spec }) => spec?.holderIdentity ?? ""), ageColumn],
  "rbac.authorization.k8s.io/roles": [nameColumn, createdAtColumn],
  "rbac.authorization.k8s.io/clusterroles": [nameColumn, createdAtColumn],
  "rbac.authorization.k8s.io/rolebindings": bindingColumns,
  "rbac.authorization.k8s.io/clusterrolebindings": bindingColumns,
  "scheduling.k8s.io/priorityclasses": [
    nameColumn,
    integer("Value", ({ value }) => value ?? 0),
    { ...column("Global-Default", ({ globalDefault }) => globalDefault ?? false), type: "boolean" },
    ageColumn,
    column("PreemptionPolicy", ({ preemptionPolicy }) => preemptionPolicy ?? ""),
  ],
  "apiextensions.k8s.io/customresourcedefinitions": [nameColumn, createdAtColumn],
  "apiregistration.k8s.io/apiservices": [
    nameColumn,
    column("Service", apiService),
    column("Available", availability),
    ageColumn,
  ],
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhookColumns,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhookColumns,
};
