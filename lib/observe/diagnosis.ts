/** Asks a cluster for all that decides whether the program can work there: versions, APIs, its clock, and our rights. */
import type { Discovery, ResourceType } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import type { ApiDiagnosis, ClusterDiagnosis, RoleDiagnosis } from "../model/diagnosis.ts";
import { ExpectedError } from "../model/errors.ts";
import { objectOf } from "../model/json.ts";
import { findCondition } from "../model/kubernetes.ts";
import type { KubeVirt } from "../model/kubevirt.ts";
import { appLabel, kubevirtGroup, launcherApp, subresourcesGroup } from "../platform/names.ts";
import { commandsOf, partsOf, type Right, type Role, rightsOf, type Verb } from "../platform/rights.ts";
import { capabilitiesOf } from "../platform/version.ts";
import { currentUser, mayI } from "./access.ts";
import { decodePod } from "./decode/core.ts";
import { decodeKubeVirt } from "./decode/kubevirt.ts";
import { askDryRuns } from "./dry-runs.ts";
import { offersEvacuateCancel } from "./installation.ts";
import { namelessReason } from "./nameless.ts";
import { text } from "./read-field.ts";
import { type Reading, startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { platformOf } from "./visible-vms.ts";

export interface ClusterFindings {
  readonly cluster: ClusterDiagnosis;
  /** Whole sentences, the gravest first. */
  readonly problems: readonly string[];
  /** What could not be read, and why, in words that name servers and users. */
  readonly error: ExpectedError | undefined;
}

/** A clock that is off by more is worth a word; the Date header has whole seconds, and the answer takes its time. */
const clockToleranceSeconds = 10;

/** Throws KubeError, UnreachableError or ConfigError when the cluster cannot be asked at all. */
export async function diagnoseCluster(client: KubeClient, clock: Clock): Promise<ClusterFindings> {
  const reading = startReading(client, undefined, { withoutManagedFields: true });
  const discovery = await reading.discover();
  const groups = discovery.groups.map(({ name }) => name);
  const { flavour, refusal } = platformOf(discovery);
  const [told, kubevirts, cancels, answers] = await Promise.all([
    askVersion(reading, clock),
    refusal === undefined ? reading.attemptList(resourceTypes.kubevirts, {}, decodeKubeVirt) : undefined,
    offersEvacuateCancel(reading, discovery),
    askRights(reading, groups),
  ]);
  const tried = await Promise.all(readable(groups, answers).map((type) => tryToRead(reading, type)));
  const failed = [
    ...tried.flat(),
    ...(kubevirts?.ok === false && mayList(resourceTypes.kubevirts, answers)
      ? [{ resource: resourceTypes.kubevirts.plural, error: kubevirts.error }]
      : []),
  ];
  const installed = kubevirts?.ok ? kubevirts.value : undefined;
  const kubevirt = installed?.length === 1 ? installed[0] : undefined;
  const cluster: ClusterDiagnosis = {
    ...told,
    kubevirt: kubevirt?.observedVersion,
    kubevirtPhase: kubevirt?.phase,
    flavour,
    apis: apisOf(discovery, cancels),
    roles: (["look", "drain", "recover"] as const).map((role) => diagnoseRole(role, groups, answers)),
  };
  const problems = [
    ...(refusal === undefined ? [] : [refusal]),
    ...silent(cluster),
    ...(await tryToEvict(reading, cluster, answers)),
    ...(await unreadNameless(failed, reading)),
    ...(installed === undefined ? [] : kubevirtProblems(installed)),
    ...lacking(cluster),
    ...(told.kubernetes === undefined ? ["the API server does not tell its version"] : []),
    ...clockProblems(cluster, reading),
  ];
  return { cluster, problems, error: errorOf(failed) };
}

interface Failure {
  readonly resource: string;
  readonly error: ExpectedError;
}

function mayList(type: ResourceType, answers: Answers): boolean {
  return answers.get(nameOf("list", { ...type, resource: type.plural })) !== false;
}

/** What look reads in every cluster, as far as it may be read. KubeVirt's own resource is read as a whole anyway. */
function readable(groups: readonly string[], answers: Answers): readonly ResourceType[] {
  const needed = rightsOf.look.filter(({ where, verbs }) => where === undefined && verbs.includes("list"));
  return Object.values(resourceTypes).filter(
    (type) =>
      type !== resourceTypes.kubevirts &&
      (type.group === "" || groups.includes(type.group)) &&
      needed.some(({ group, resource }) => group === type.group && resource === type.plural) &&
      mayList(type, answers),
  );
}

/** One object is enough: what fails, such as a conversion or the storage, fails for the first one. */
async function tryToRead(reading: Reading, type: ResourceType): Promise<readonly Failure[]> {
  const answer = await reading.attemptPage(type, {}, (object) => object, { limit: 1 });
  return answer.ok ? [] : [{ resource: type.plural, error: answer.error }];
}

/** One eviction, as a dry run where KubeVirt makes that safe: a webhook that is silent is so for the first VM. */
async function tryToEvict(reading: Reading, { kubevirt, apis }: ClusterDiagnosis, answers: Answers): Promise<string[]> {
  const evacuateCancel = apis.some(({ name, state }) => name === "evacuate/cancel" && state === "served");
  const isSafe = capabilitiesOf(kubevirt, { evacuateCancel }).dryRunIsSafe && !apis.some(isSilent);
  if (!isSafe || !answers.get("create pods/eviction") || !mayList(resourceTypes.pods, answers)) return [];
  const running = { labelSelector: `${appLabel}=${launcherApp}`, fieldSelector: "status.phase=Running" };
  const page = await reading.attemptPage(resourceTypes.pods, running, decodePod, { limit: 1 });
  const dryRuns = await askDryRuns(reading, page.ok ? page.value.items : []);
  const fails = Object.values(dryRuns.answers).some(({ kind }) => kind === "webhook-unreachable");
  return fails ? ["a webhook does not answer, and evictions fail; check NODE says which"] : [];
}

function silent({ apis }: ClusterDiagnosis): string[] {
  return apis.filter(isSilent).map(({ name, purpose }) => `${name} does not answer: ${purpose}`);
}

function isSilent({ state }: ApiDiagnosis): boolean {
  return state === "unavailable";
}

/** One sentence for all that fails in the same words. */
function unread(failed: readonly Failure[], wordsOf: (error: ExpectedError) => string): string[] {
  const alike = Map.groupBy(failed, ({ error }) => wordsOf(error));
  return [...alike].map(([words, all]) => `cannot read ${all.map(({ resource }) => resource).join(", ")}: ${words}`);
}

async function unreadNameless(failed: readonly Failure[], reading: Reading): Promise<string[]> {
  if (failed.length === 0) return [];
  const names = await namesAround(reading);
  return unread(failed, (error) => `${namelessReason(error, names)}; -v=1 says more`);
}

/** Who asks whom. */
async function namesAround(reading: Reading): Promise<readonly string[]> {
  const { server, context, namespace, user } = reading.client.connection;
  const told = await reading.attempt((client) => currentUser(client));
  return [server, context, namespace, user, told.ok ? told.value : undefined].filter((name) => name !== undefined);
}

function errorOf(failed: readonly Failure[]): ExpectedError | undefined {
  return failed.length === 0 ? undefined : new ExpectedError(unread(failed, ({ message }) => message).join("; "));
}

/** KubeVirt's word on itself (pkg/virt-operator/util/client.go); while it is updated it is degraded. */
function kubevirtProblems(installed: readonly KubeVirt[]): string[] {
  const [kubevirt, ...others] = installed;
  if (kubevirt === undefined) return ["there is no KubeVirt resource, so KubeVirt's settings are unknown"];
  if (others.length > 0) return ["there are several KubeVirt resources, so KubeVirt's settings are unknown"];
  const { phase, conditions } = kubevirt;
  const faults = [
    { state: "not Available", condition: findCondition(conditions, "Available"), sound: ["True"] },
    { state: "Degraded", condition: findCondition(conditions, "Degraded"), sound: ["False", "Unknown"] },
  ].filter(({ condition, sound }) => condition !== undefined && !sound.includes(condition.status));
  const states = [...(phase === "Deployed" ? [] : [phase ?? "in no phase"]), ...faults.map(({ state }) => state)];
  if (states.length === 0) return [];
  const reason = faults[0]?.condition?.reason;
  const why = reason !== undefined && /^[A-Za-z]+$/.test(reason) ? ` (${reason})` : "";
  return [`KubeVirt says that it is ${states.join(", ")}${why}: VMs may not move`];
}

/** Rights of the role look by which nothing is seen that the other rights do not show. */
const comforts: ReadonlySet<string> = new Set(["list namespaces", "get nodes"]);

function lacking({ roles }: ClusterDiagnosis): string[] {
  const look = roles.find(({ role }) => role === "look");
  const blind = look?.missing.some((right) => !comforts.has(right)) === true;
  return [
    ...(blind ? ["without the rights that the role look misses a check may stay uncertain"] : []),
    ...(look?.unknown.length ? ["the API server does not say what you may do"] : []),
  ];
}

function clockProblems({ clockAheadSeconds }: ClusterDiagnosis, reading: Reading): string[] {
  if (Math.abs(clockAheadSeconds ?? 0) > clockToleranceSeconds)
    return ["the clocks of this machine and of the API server differ; ages and verdicts rest on the server's"];
  return reading.serverTime() === undefined
    ? ["the API server tells no time; ages and verdicts rest on this machine's clock"]
    : [];
}

/** What `offersEvacuateCancel` says of the subresource, as a line of its own, where virt-api is there to be asked. */
function apisOf(discovery: Discovery, cancels: boolean | undefined): ApiDiagnosis[] {
  const stateOf = (group: string): ApiDiagnosis["state"] => {
    if (discovery.unavailable.some((groupVersion) => groupVersion.startsWith(`${group}/`))) return "unavailable";
    return discovery.groups.some(({ name }) => name === group) ? "served" : "absent";
  };
  return [
    { name: kubevirtGroup, state: stateOf(kubevirtGroup), purpose: "VMs cannot be seen" },
    {
      name: subresourcesGroup,
      state: stateOf(subresourcesGroup),
      purpose: "virt-api moves no VM, and refuses evictions",
    },
    ...(stateOf(subresourcesGroup) === "served"
      ? [
          {
            name: "evacuate/cancel",
            state: cancels === undefined ? "unavailable" : cancels ? "served" : "absent",
            purpose: "abort cannot take back evacuation marks by itself (KubeVirt before 1.7)",
          } as const,
        ]
      : []),
    { name: "policy", state: stateOf("policy"), purpose: "budgets cannot be seen" },
  ];
}

/** Version and clock, by the same request; half of its time is taken for the way back. */
async function askVersion(
  reading: Reading,
  clock: Clock,
): Promise<Pick<ClusterDiagnosis, "kubernetes" | "clockAheadSeconds">> {
  const before = clock.now().getTime();
  const answer = await reading.attempt((client) => client.connection.send({ method: "GET", path: "/version" }));
  const after = clock.now().getTime();
  if (!answer.ok) return { kubernetes: undefined, clockAheadSeconds: undefined };
  const { body, serverTime } = answer.value;
  return {
    // A refusal has no such field.
    kubernetes: text(objectOf(body).gitVersion),
    clockAheadSeconds:
      serverTime === undefined ? undefined : Math.round((serverTime.getTime() - (before + after) / 2) / 1000),
  };
}

type Answers = ReadonlyMap<string, boolean | undefined>;

/** Every right of every role once; undefined where the question itself failed. */
async function askRights(reading: Reading, groups: readonly string[]): Promise<Answers> {
  const wanted = new Map(
    Object.values(rightsOf)
      .flat()
      .filter((right) => matters(right, groups))
      .flatMap((right) => right.verbs.map((verb) => [nameOf(verb, right), { verb, right }] as const)),
  );
  const asked = [...wanted].map(async ([name, { verb, right }]) => {
    const { plural, subresource } = partsOf(right);
    const type = { group: right.group, version: "*", plural, namespaced: true };
    const answer = await reading.attempt((client) => mayI(client, { verb, type, subresource }));
    return [name, answer.ok ? answer.value : undefined] as const;
  });
  return new Map(await Promise.all(asked));
}

/** What a cluster does not serve, nobody needs to be allowed there. */
function matters({ group, where }: Right, groups: readonly string[]): boolean {
  return where !== "served" || groups.includes(group);
}

function diagnoseRole(role: Role, groups: readonly string[], answers: Answers): RoleDiagnosis {
  const names = rightsOf[role]
    .filter((right) => matters(right, groups))
    .flatMap((right) => right.verbs.map((verb) => nameOf(verb, right)));
  return {
    role,
    commands: commandsOf[role],
    missing: names.filter((name) => answers.get(name) === false),
    unknown: names.filter((name) => answers.get(name) === undefined),
  };
}

/** `delete volumeattachments.storage.k8s.io`, as `kubectl auth can-i` takes it. */
function nameOf(verb: Verb, { group, resource }: Pick<Right, "group" | "resource">): string {
  const { plural, subresource } = partsOf({ resource });
  const qualified = group === "" ? plural : `${plural}.${group}`;
  return `${verb} ${qualified}${subresource === undefined ? "" : `/${subresource}`}`;
}
