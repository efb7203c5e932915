/** Asks a cluster for all that decides whether the program can work there: versions, APIs, its clock, and our rights. */

import type { Discovery } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import type { ApiDiagnosis, ClusterDiagnosis, RoleDiagnosis } from "../model/diagnosis.ts";
import { kubevirtGroup, subresourcesGroup } from "../platform/names.ts";
import { commandsOf, partsOf, type Right, type Role, rightsOf, type Verb } from "../platform/rights.ts";
import { mayI } from "./access.ts";
import { offersEvacuateCancel, readKubernetesVersion, readKubeVirt } from "./installation.ts";
import { type Reading, startReading } from "./reading.ts";
import { platformOf } from "./visible-vms.ts";

export interface ClusterFindings {
  readonly cluster: ClusterDiagnosis;
  /** Whole sentences, the gravest first. */
  readonly problems: readonly string[];
}

/** A clock that is off by more is worth a word; the Date header has whole seconds, and the answer takes its time. */
const clockToleranceSeconds = 10;

/** Throws KubeError, UnreachableError or ConfigError when the cluster cannot be asked at all. */
export async function diagnoseCluster(client: KubeClient, clock: Clock): Promise<ClusterFindings> {
  const reading = startReading(client);
  const discovery = await reading.discover();
  const groups = discovery.groups.map(({ name }) => name);
  const { flavour, refusal } = platformOf(discovery);
  const [kubernetes, kubevirt, cancels, answers, clockAheadSeconds] = await Promise.all([
    readKubernetesVersion(reading),
    refusal === undefined ? readKubeVirt(reading) : undefined,
    offersEvacuateCancel(reading, discovery),
    askRights(reading, groups),
    clockAhead(reading, clock),
  ]);
  const cluster: ClusterDiagnosis = {
    kubernetes,
    kubevirt: kubevirt?.observedVersion,
    kubevirtPhase: kubevirt?.phase,
    flavour,
    apis: apisOf(discovery, cancels),
    clockAheadSeconds,
    roles: (["look", "drain", "recover"] as const).map((role) => diagnoseRole(role, groups, answers)),
  };
  return { cluster, problems: [...(refusal === undefined ? [] : [refusal]), ...problemsOf(cluster)] };
}

/** Rights of the role look by which nothing is seen that the other rights do not show. */
const comforts: ReadonlySet<string> = new Set(["list namespaces", "get nodes"]);

function problemsOf({ apis, clockAheadSeconds, roles }: ClusterDiagnosis): string[] {
  const look = roles.find(({ role }) => role === "look");
  const blind = look?.missing.some((right) => !comforts.has(right)) === true;
  return [
    ...apis
      .filter(({ state }) => state === "unavailable")
      .map(({ name, purpose }) => `${name} does not answer: ${purpose}`),
    ...(blind ? ["without the rights that the role look misses a check may stay uncertain (docs/rbac/look.yaml)"] : []),
    ...(look?.unknown.length ? ["the API server does not say what you may do"] : []),
    ...(Math.abs(clockAheadSeconds ?? 0) > clockToleranceSeconds
      ? ["the clocks of this machine and of the API server differ; ages and verdicts rest on the server's"]
      : []),
  ];
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

/** Half of the request's time is taken for the way back. */
async function clockAhead(reading: Reading, clock: Clock): Promise<number | undefined> {
  const before = clock.now().getTime();
  const answer = await reading.attempt((client) => client.connection.send({ method: "GET", path: "/version" }));
  const after = clock.now().getTime();
  const told = answer.ok ? answer.value.serverTime : undefined;
  return told === undefined ? undefined : Math.round((told.getTime() - (before + after) / 2) / 1000);
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
function nameOf(verb: Verb, { group, resource }: Right): string {
  const { plural, subresource } = partsOf({ resource });
  const qualified = group === "" ? plural : `${plural}.${group}`;
  return `${verb} ${qualified}${subresource === undefined ? "" : `/${subresource}`}`;
}
