/** What `doctor` found out, on one screen that can be pasted into an issue. */
import type {
  ApiDiagnosis,
  ClusterDiagnosis,
  CompletionDiagnosis,
  Diagnosis,
  RoleDiagnosis,
} from "../model/diagnosis.ts";
import { rolesAddress } from "../model/project.ts";
import { sanitise } from "./sanitise.ts";
import { type Layout, plain, type Style } from "./style.ts";
import { padRight, wrapSentence } from "./width.ts";
import { count } from "./wording.ts";

const labelWidth = 14;

/** The lines of the screen. */
export function diagnosisLines(diagnosis: Diagnosis, { columns, style = plain }: Layout = {}): string[] {
  const { client, completion, cluster, problems } = diagnosis;
  const line = (label: string, text: string): string[] => indented(`${padRight(label, labelWidth)}${text}`, columns);
  return [
    ...line("Plugin", `${client.version} ${client.platform}, Node ${client.runtime}, started by ${client.startedBy}`),
    ...line("Completion", completionText(completion, `${client.startedBy} vmnode completion install`)),
    ...(cluster === undefined ? [] : clusterLines(cluster, line, style)),
    "",
    ...(problems.length === 0
      ? [style("good", "No problem was found.")]
      : problems.flatMap((problem) => indented(`${style("bad", "Problem:")} ${sanitise(problem)}`, columns))),
  ];
}

/** Further lines stand below the first one's text. */
function indented(text: string, columns: number | undefined): string[] {
  return wrapSentence(text, columns, labelWidth);
}

function completionText({ state, onPath }: CompletionDiagnosis, command: string): string {
  switch (state) {
    case "installed":
      return onPath ? "installed" : "installed in a folder that is not on the PATH";
    case "missing":
      return `not installed: ${command}`;
    case "stale":
      return `leads nowhere, or to another version: ${command}`;
    case "foreign":
      return "not installed: a file that this plugin did not make is in its place";
    case "shadowed":
      return "another program of that name comes first on the PATH";
    case "unknown":
      return "only for the plugin as kubectl finds it on the PATH";
  }
}

type Line = (label: string, text: string) => string[];

function clusterLines(cluster: ClusterDiagnosis, line: Line, style: Style): string[] {
  const { kubernetes, kubevirt, kubevirtPhase, flavour, apis, clockAheadSeconds, roles } = cluster;
  const about = [kubevirt ?? "version unknown", kubevirtPhase, flavour].filter((part) => part !== undefined);
  return [
    ...line("Kubernetes", sanitise(kubernetes ?? "version unknown")),
    ...line("KubeVirt", sanitise(flavour === "none" ? "not installed, or not visible" : about.join(", "))),
    ...line("APIs", apisText(apis)),
    ...line("Clock", clockText(clockAheadSeconds)),
    ...roles.flatMap((role) => line(`Role ${role.role}`, roleText(role, roles, style))),
    ...(roles.some(({ missing }) => missing.length > 0) ? [`Roles: ${rolesAddress}`] : []),
  ];
}

function apisText(apis: readonly ApiDiagnosis[]): string {
  const words = { served: "served", unavailable: "does not answer", absent: "absent" } as const;
  const states = (["served", "unavailable", "absent"] as const).map((state) => {
    const names = apis.filter((api) => api.state === state).map(({ name }) => name);
    return names.length === 0 ? "" : `${words[state]}: ${names.join(", ")}`;
  });
  return states.filter((text) => text !== "").join("; ");
}

function clockText(ahead: number | undefined): string {
  if (ahead === undefined) return "unknown";
  if (Math.abs(ahead) <= 1) return "as the API server's";
  return `the API server's is ${count(Math.abs(ahead), "second")} ${ahead > 0 ? "ahead" : "behind"}`;
}

function roleText({ role, commands, missing, unknown }: RoleDiagnosis, roles: readonly RoleDiagnosis[], style: Style) {
  const purpose = `(${commands.join(", ")})`;
  if (missing.length === 0 && unknown.length === 0) return `${style("good", "yes")} ${purpose}`;
  if (missing.length === 0)
    return `${style("warn", "unknown")} ${purpose}: the server does not say for ${few(unknown)}`;
  // The other roles take all that look takes; its line has named it.
  const look = roles.find((other) => other.role === "look" && other.role !== role)?.missing ?? [];
  const own = missing.filter((right) => !look.includes(right));
  const shared = own.length < missing.length ? ["what look misses"] : [];
  const named = own.length === 0 ? [] : [few(own)];
  return `${style("warn", "incomplete")} ${purpose}; missing: ${[...shared, ...named].join("; ")}`;
}

/** So many resources of a role are named, with their rest as one of them, for all of it to stay on one screen. */
const namedAtMost = 3;

function few(rights: readonly string[]): string {
  const all = byResource(rights);
  if (all.length <= namedAtMost) return all.join("; ");
  const named = all.slice(0, namedAtMost - 1);
  return [...named, `${all.length - named.length} more`].join("; ");
}

/** `list, watch pods` for `list pods` and `watch pods`. */
function byResource(rights: readonly string[]): string[] {
  const verbs = new Map<string, string[]>();
  for (const right of rights) {
    const [verb = "", resource = ""] = right.split(" ");
    verbs.set(resource, [...(verbs.get(resource) ?? []), verb]);
  }
  return [...verbs].map(([resource, all]) => `${all.join(", ")} ${resource}`);
}
