/** The cluster whose behaviour the contract states: the one of VMNODE_CONTRACT_KUBECONFIG, else a practice cluster of its own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type KubeClient } from "../../lib/kube/client.ts";
import { connect } from "../../lib/kube/connection.ts";
import type { KubeRequest } from "../../lib/kube/request.ts";
import { startPracticeCluster } from "../../lib/practice/cluster.ts";
import type { Finished } from "../finished.ts";
import { runKubectl } from "../kubectl.ts";

/** The JSON of an object, or a part of it. */
// biome-ignore lint/suspicious/noExplicitAny: objects come from a server, and each test says what it expects of them
export type Json = any;

export interface Answer {
  readonly status: number;
  /** Media type without parameters. */
  readonly type: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Json;
}

export interface Ask {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Impersonates this user. */
  readonly as?: string;
}

export interface Cluster {
  readonly kubeconfig: string;
  /** A namespace of this suite alone; it goes when the suite ends. */
  readonly namespace: string;
  readonly client: KubeClient;
  /** One request; `line` is a method and a path with its query: `GET /api/v1/nodes?limit=1`. */
  ask(line: string, options?: Ask): Promise<Answer>;
  /** Creates an object and returns it as the server has it; throws what the server says when it refuses. */
  create(collection: string, object: unknown): Promise<Json>;
  kubectl(args: readonly string[], options?: { input?: string; timeoutMs?: number }): Promise<Finished>;
  close(): Promise<void>;
}

export const kubevirt = "/apis/kubevirt.io/v1";
export const subresources = "/apis/subresources.kubevirt.io/v1";

/** Three empty nodes, on which everything takes a twentieth of its time. */
const practice = {
  scenario: {
    name: "contract",
    summary: "three nodes without VMs",
    notes: [],
    nodes: ["worker-1", "worker-2", "worker-3"].map((name) => ({ name, cpu: 16, memory: "64Gi" })),
    machines: [],
  },
  speed: 20,
};

/** Connects, and makes a namespace for the suite of that name. */
export async function openCluster(suite: string): Promise<Cluster> {
  const directory = await mkdtemp(path.join(tmpdir(), "vmnode-contract-"));
  const { kubeconfig, stop } = await findCluster(directory);
  const connection = await connect(
    { kubeconfig },
    {
      env: process.env,
      homedir: homedir(),
      stdinIsTerminal: false,
      version: "0.0.0-contract",
      verbosity: 0,
      log: () => {},
      warn: () => {},
      clock: { now: () => new Date(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    },
  );
  const client = createClient(connection);
  const ask = async (line: string, options: Ask = {}): Promise<Answer> => {
    const response = await connection.send({ ...requestOf(line), ...options });
    const type = String(response.headers["content-type"] ?? "").split(";")[0] ?? "";
    return { status: response.status, type, headers: response.headers, body: response.body };
  };
  const create = async (collection: string, object: unknown): Promise<Json> => {
    const { status, body } = await ask(`POST ${collection}`, { body: object });
    if (status !== 201) throw new Error(`POST ${collection}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const namespace = `vmnode-contract-${suite}-${Math.random().toString(36).slice(2, 7)}`;
  await create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  return {
    kubeconfig,
    namespace,
    client,
    ask,
    create,
    // kubectl keeps its caches beside the file it was given: a foreign directory stays clean.
    kubectl: (args, options = {}) =>
      runKubectl(path.join(directory, "kubeconfig"), ["--kubeconfig", kubeconfig, "-n", namespace, ...args], options),
    async close() {
      await ask(`DELETE /api/v1/namespaces/${namespace}`);
      connection.close();
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function findCluster(directory: string): Promise<{ kubeconfig: string; stop: () => Promise<void> }> {
  const given = process.env.VMNODE_CONTRACT_KUBECONFIG;
  if (given) {
    await writeFile(path.join(directory, "kubeconfig"), "");
    return { kubeconfig: path.resolve(given), stop: async () => {} };
  }
  const cluster = await startPracticeCluster({ ...practice, workDirectory: directory });
  return { kubeconfig: cluster.kubeconfigPath, stop: () => cluster.close() };
}

function requestOf(line: string): Pick<KubeRequest, "method" | "path" | "query"> {
  const [method, target = ""] = line.split(" ");
  const [where = "", query = ""] = target.split("?");
  return {
    method: method as KubeRequest["method"],
    path: where,
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Looks until `holds` is true of what is there, and returns it; throws with the last look when it never is. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T>,
  holds: (seen: T) => boolean = (seen) => seen !== undefined,
  seconds = 50,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s; last seen: ${JSON.stringify(seen)}`);
    await sleep(100);
  }
}
