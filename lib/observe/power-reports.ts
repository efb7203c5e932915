/** Reads who else knows whether a host is off: its Machine, its BareMetalHost, and remediations that fence or reboot it. */
import type { Discovery, ResourceType } from "../kube/api.ts";
import { type JsonObject, objectOf } from "../model/json.ts";
import { findCondition, keyOf, type Node } from "../model/kubernetes.ts";
import type { PowerReport } from "../model/lost-node.ts";
import { decodeConditions, objectParts } from "./decode/metadata.ts";
import { holderKinds, machineKinds, remediatedNode } from "./holder-kinds.ts";
import { servedType } from "./holders.ts";
import { text, textMap } from "./read-field.ts";
import { isForbidden, isNotFound, type Reading } from "./reading.ts";
import { writtenAt } from "./written-fields.ts";

export interface PowerQuestion {
  readonly discovery: Discovery;
  readonly name: string;
  /** Undefined when the Node has been deleted. */
  readonly node: Node | undefined;
}

const remediations = {
  SelfNodeRemediation: {
    group: "self-node-remediation.medik8s.io",
    version: "v1alpha1",
    plural: "selfnoderemediations",
    namespaced: true,
  },
  FenceAgentsRemediation: {
    group: "fence-agents-remediation.medik8s.io",
    version: "v1alpha1",
    plural: "fenceagentsremediations",
    namespaced: true,
  },
} as const satisfies Record<string, ResourceType>;

const bareMetalHosts: ResourceType = {
  group: "metal3.io",
  version: "v1alpha1",
  plural: "baremetalhosts",
  namespaced: true,
};
const metal3Machines: ResourceType = {
  group: "infrastructure.cluster.x-k8s.io",
  version: "v1beta1",
  plural: "metal3machines",
  namespaced: true,
};

/** Links a Machine (OpenShift) or a Metal3Machine (Cluster API) with its host, as `namespace/name`. */
const hostAnnotation = "metal3.io/BareMetalHost";
const instanceStateAnnotation = "machine.openshift.io/instance-state";

/** What clouds and hypervisors call an instance that does not run (instance-state of machine-api-provider-*). */
const offWords = new Set(["stopped", "terminated", "deallocated", "shutoff", "poweredoff", "off"]);

/** Everything that says, or should say, whether the host is off. What is not installed or not readable is told as unknown. */
export async function readPowerReports(reading: Reading, question: PowerQuestion): Promise<readonly PowerReport[]> {
  const [machine, ...fences] = await Promise.all([
    reportMachineAndHost(reading, question),
    ...Object.entries(remediations).map(([source, type]) => reportRemediations(reading, question, source, type)),
  ]);
  return [...(machine ?? []), ...fences.flat(), ...missingHolders(question.discovery)];
}

/** Kinds that hold nodes and do not exist here: that nobody holds the node by them is no news, and is said once. */
function missingHolders(discovery: Discovery): readonly PowerReport[] {
  const sources = { nodemaintenance: "NodeMaintenance", nodehealthcheck: "NodeHealthCheck" };
  return Object.entries(sources).flatMap(([singular, source]) => {
    const kinds = holderKinds.filter((kind) => kind.singular === singular);
    const served = kinds.some(({ type }) => servedType(discovery, type) !== undefined);
    return served ? [] : [unknown(source, "kind not installed")];
  });
}

/** An object that could be read, or what is to be said where it could not. */
type Looked = { readonly raw: unknown } | { readonly report: PowerReport };

async function lookFor(
  reading: Reading,
  source: string,
  type: ResourceType,
  at: { readonly namespace: string; readonly name: string },
): Promise<Looked> {
  const answer = await reading.attempt((client) => client.get({ type, ...at }, { signal: reading.signal }));
  if (answer.ok) return { raw: answer.value.object };
  const what = keyOf(at);
  if (isNotFound(answer.error)) return { report: unknown(source, `${what} does not exist`) };
  if (isForbidden(answer.error)) return { report: unknown(source, `forbidden: get ${type.plural}`) };
  return { report: unknown(source, answer.error.message) };
}

async function reportMachineAndHost(reading: Reading, question: PowerQuestion): Promise<readonly PowerReport[]> {
  const machine = await readMachine(reading, question);
  const host = await reportHost(reading, question, "raw" in machine ? machine.raw : undefined);
  return ["raw" in machine ? machineReport(machine.raw) : machine.report, host];
}

async function readMachine(reading: Reading, { discovery, node }: PowerQuestion): Promise<Looked> {
  const source = "Machine";
  const served = machineKinds.filter(({ type }) => servedType(discovery, type) !== undefined);
  if (served.length === 0) return { report: unknown(source, "kind not installed") };
  if (node === undefined) return { report: unknown(source, "the Node that would name it has been deleted") };
  for (const kind of served) {
    const at = kind.machineOf(node.metadata.annotations);
    const type = servedType(discovery, kind.type);
    if (at !== undefined && type !== undefined) return lookFor(reading, source, type, at);
  }
  return { report: unknown(source, "the node has none") };
}

function machineReport(raw: unknown): PowerReport {
  const { metadata } = objectOf(raw);
  const { namespace, name, annotations } = objectOf(metadata);
  const object = { kind: "machine", namespace: text(namespace), name: text(name) ?? "" };
  const state = textMap(annotations)[instanceStateAnnotation];
  if (state === undefined) return { source: "Machine", object, state: "unknown", detail: "tells no power state" };
  return {
    source: "Machine",
    object,
    state: offWords.has(state.toLowerCase()) ? "off" : "on",
    since: writtenAt(raw, ["f:metadata", "f:annotations", `f:${instanceStateAnnotation}`]),
    detail: `reports the instance ${state}`,
  };
}

async function reportHost(reading: Reading, question: PowerQuestion, machine: unknown): Promise<PowerReport> {
  const source = "BareMetalHost";
  const type = servedType(question.discovery, bareMetalHosts);
  if (type === undefined) return unknown(source, "kind not installed");
  const at = await hostOf(reading, question, machine);
  if (at === undefined) return unknown(source, "none is linked with the node");
  const looked = await lookFor(reading, source, type, at);
  return "raw" in looked ? hostReport(looked.raw) : looked.report;
}

/** Only links that the providers themselves make are followed: a host that merely bears the node's name may be another one. */
async function hostOf(reading: Reading, { discovery, node }: PowerQuestion, machine: unknown) {
  const { metadata, spec } = objectOf(machine);
  const direct = splitName(textMap(objectOf(metadata).annotations)[hostAnnotation]);
  if (direct !== undefined) return direct;
  const { kind, name } = objectOf(objectOf(spec).infrastructureRef);
  const type = servedType(discovery, metal3Machines);
  const namespace = text(objectOf(metadata).namespace);
  if (kind === "Metal3Machine" && type !== undefined && namespace !== undefined) {
    const behind = await lookFor(reading, "BareMetalHost", type, { namespace, name: text(name) ?? "" });
    const found = "raw" in behind ? objectOf(objectOf(behind.raw).metadata).annotations : undefined;
    const linked = splitName(textMap(found)[hostAnnotation]);
    if (linked !== undefined) return linked;
  }
  // `baremetalhost:///namespace/name/uid` (OpenShift), `metal3://namespace/name/machine` (Cluster API).
  const [, id] =
    /^(?:baremetalhost:\/\/\/|metal3:\/\/)([^/]+\/[^/]+)(?:\/[^/]*)?$/.exec(node?.spec.providerId ?? "") ?? [];
  return splitName(id);
}

function splitName(text: string | undefined): { readonly namespace: string; readonly name: string } | undefined {
  const [namespace, name] = (text ?? "").split("/");
  return namespace && name ? { namespace, name } : undefined;
}

/** `status.poweredOn` counts while the host's operator can reach the BMC (metal3-io/baremetal-operator, BareMetalHostStatus). */
function hostReport(raw: unknown): PowerReport {
  const { metadata, status } = objectOf(raw);
  const { namespace, name } = objectOf(metadata);
  const { poweredOn, operationalStatus, errorType, lastUpdated } = objectOf(status);
  const object = { kind: "baremetalhost", namespace: text(namespace), name: text(name) ?? "" };
  const report = { source: "BareMetalHost", object };
  const trouble = [text(operationalStatus), text(errorType)].filter((word) => word !== undefined && word !== "OK");
  if (typeof poweredOn !== "boolean") return { ...report, state: "unknown", detail: "tells no power state" };
  if (trouble.length > 0 && operationalStatus !== "discovered")
    return { ...report, state: "unknown", detail: `its power state is not watched now (${trouble.join(", ")})` };
  const since = writtenAt(raw, ["f:status", "f:poweredOn"]) ?? text(lastUpdated);
  return { ...report, state: poweredOn ? "on" : "off", since, detail: `reports the host ${poweredOn ? "on" : "off"}` };
}

async function reportRemediations(
  reading: Reading,
  { discovery, name }: PowerQuestion,
  source: string,
  type: ResourceType,
): Promise<readonly PowerReport[]> {
  const served = servedType(discovery, type);
  if (served === undefined) return [unknown(source, "kind not installed")];
  const answer = await reading.attemptList(served, {}, (raw) => ({ raw, parts: objectParts(raw) }));
  if (!answer.ok)
    return [unknown(source, isForbidden(answer.error) ? `forbidden: list ${type.plural}` : answer.error.message)];
  return answer.value.flatMap(({ raw, parts }) => {
    if (parts === undefined || remediatedNode(parts.metadata) !== name) return [];
    const object = { kind: source.toLowerCase(), namespace: parts.metadata.namespace, name: parts.metadata.name };
    return [{ source, object, ...progressOf(raw, parts.status) }];
  });
}

/** How far a remediation has come; see its repository's controllers for the phases and conditions. */
function progressOf(raw: unknown, status: JsonObject): Pick<PowerReport, "state" | "since" | "detail"> {
  const fenced = findCondition(decodeConditions(status.conditions), "FenceAgentActionSucceeded");
  if (fenced?.status === "True")
    return { state: "fenced", since: fenced.lastTransitionTime, detail: "its fence agent has succeeded" };
  const phase = text(status.phase);
  if (phase === "Reboot-Completed" || phase === "Fencing-Completed") {
    const since = text(status.timeAssumedRebooted) ?? writtenAt(raw, ["f:status", "f:phase"]);
    return { state: "fenced", since, detail: `the node has rebooted (phase ${phase})` };
  }
  return { state: "working", detail: `has not fenced the node yet${phase === undefined ? "" : ` (phase ${phase})`}` };
}

function unknown(source: string, detail: string): PowerReport {
  return { source, state: "unknown", detail };
}
