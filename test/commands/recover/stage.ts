/** A cluster with a node that is lost, or only seems so; commands run on it in driven time, and the cluster itself counts what they did. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Connection } from "../../../lib/kube/connection.ts";
import type { KubeResponse } from "../../../lib/kube/request.ts";
import { manualClock } from "../../../lib/practice/clock.ts";
import type { MachineRow, PastStep, Scenario } from "../../../lib/practice/scenarios/scenario.ts";
import { startCluster, type TestCluster } from "../../practice-cluster.ts";
import type { Run, Scene } from "../../unit/cmd/fake-world.ts";
import { type Circumstances, DrivenTime } from "../driven-time.ts";
import { runCommand } from "../run.ts";

/** The node that every test is about. */
export const lost = "worker-1";

/** Consent without a terminal, where the evidence proves the death. */
export const consent = `--yes --confirm-node ${lost}`;
/** The same with a person's word. */
export const word = `${consent} --node-is-powered-off 'seen on the console'`;

export const powerLoss: PastStep = { ago: "8m", host: lost, fault: { powered: false } };

const machines: readonly MachineRow[] = [
  { name: "web", namespace: "shop", node: lost, run: "Always", strategy: "LiveMigrate", disk: "shared", age: "1h" },
  { name: "db", namespace: "shop", node: lost, run: "Always", strategy: "None", disk: "exclusive", age: "1h" },
  { name: "batch", namespace: "lab", node: lost, run: "RerunOnFailure", strategy: "None", disk: "image", age: "1h" },
  { name: "other", namespace: "shop", node: "worker-2", run: "Always", strategy: "None", disk: "image", age: "1h" },
];

/** The VMs of the lost node, all of which can start elsewhere. */
export const lostVms = ["lab/batch", "shop/db", "shop/web"];

/** A small cluster whose past ends with these steps. */
export function scenarioOf(past: readonly PastStep[], more: Partial<Scenario> = {}): Scenario {
  const nodes = [lost, "worker-2", "worker-3"].map((name) => ({ name, cpu: 16, memory: "64Gi" }));
  return { name: "lost", summary: "", notes: [], nodes, machines, past, ...more };
}

export interface Play extends Pick<Scene, "answers" | "signal">, Circumstances {
  /** Whose kubeconfig it uses; the administrator's when absent. */
  readonly env?: Readonly<Record<string, string>>;
  /** Changes what the API server has answered. */
  readonly alter?: (answer: KubeResponse) => KubeResponse;
  /** Abandons the command when it resolves. */
  readonly abandoned?: Promise<void>;
}

export interface Stage extends TestCluster {
  /** Runs a command to its end. */
  run(commandLine: string, play?: Play): Promise<Run>;
  /** Lets time pass, beside commands or without any. */
  pass(ms: number): Promise<void>;
  /** Calls `act` when the cluster's clock has gone on by so much. */
  later(ms: number, act: () => void): void;
  /** `namespace/name` of the VMs of the lost node that run elsewhere. */
  recovered(): string[];
  /** Keys of the taints of the lost node. */
  taints(): string[];
  /** The record on the lost node. */
  record(): Readonly<Record<string, unknown>> | undefined;
  /** Serves a kind that is not Kubernetes' own, and creates one object of it. */
  install(kind: CustomKind, object: CustomObject): void;
  /** The environment of another user, an administrator unless the groups say otherwise. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** Paths of what the program deleted with success, in order. */
  deletions(): string[];
}

export interface CustomObject {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
const definitions = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };
const abandonedRun: Run = { code: -1, stdout: "", stderr: "", questions: [], choices: [] };

/** Starts the cluster at noon; its past has happened. */
export async function openStage(scenario: string | Scenario): Promise<Stage> {
  const time = new DrivenTime(manualClock(new Date("2026-11-21T12:00:00Z")));
  const world = await startCluster(scenario, time.clock);
  const { store } = world.cluster;
  return {
    ...world,
    run: (commandLine, { skewMs, before, requestMs, env = world.env, alter, abandoned, ...scene } = {}) =>
      time.run(
        ({ clock, through }) => runCommand(commandLine, env, { ...scene, clock, through: altered(through, alter) }),
        {
          skewMs,
          before,
          requestMs,
          until: abandoned?.then(() => abandonedRun),
        },
      ),
    pass: (ms) => time.pass(ms),
    later: (ms, act) => void time.clock.schedule(ms, act),
    recovered: () =>
      store
        .list(vmis)
        .filter(({ status }) => status?.phase === "Running" && status.nodeName !== lost)
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        .filter((vm) => lostVms.includes(vm)),
    taints: () => (world.node(lost).spec?.taints ?? []).map(({ key }: { key: string }) => key),
    record: () => {
      const text = world.node(lost).metadata.annotations?.["kubectl-vmnode/operation"];
      return text === undefined ? undefined : JSON.parse(text);
    },
    kubeconfigFor: async (user, groups = ["system:masters"]) => {
      const file = path.join(path.dirname(world.cluster.kubeconfigPath), `kubeconfig-${user}`);
      await writeFile(file, await world.cluster.server.kubeconfig({ user, groups }));
      return { KUBECONFIG: file };
    },
    deletions: () =>
      world.cluster.requests
        .filter(({ method, status, userAgent }) => method === "DELETE" && status === 200 && isOurs(userAgent))
        .map(({ url }) => url),
    install: ({ group, version, kind, plural, namespaced }, { name, annotations, ...fields }) => {
      const names = { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` };
      const spec = {
        group,
        scope: namespaced ? "Namespaced" : "Cluster",
        names,
        versions: [{ name: version, served: true, storage: true, subresources: { status: {} } }],
      };
      store.create(definitions, { metadata: { name: `${plural}.${group}` }, spec });
      const metadata = {
        name,
        ...(namespaced ? { namespace: "default" } : {}),
        ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      };
      store.create({ group, resource: plural }, { apiVersion: `${group}/${version}`, kind, metadata, ...fields });
    },
  };
}

function altered(through: (connection: Connection) => Connection, alter: Play["alter"]): typeof through {
  if (alter === undefined) return through;
  return (connection) => through({ ...connection, send: async (request) => alter(await connection.send(request)) });
}

function isOurs(userAgent: string): boolean {
  return userAgent.startsWith("kubectl-vmnode");
}
