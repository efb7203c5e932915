/** A practice cluster for one test file, and what tests look up in it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "../lib/model/clock.ts";
import type { PracticeClock } from "../lib/practice/clock.ts";
import { type PracticeCluster, startPracticeCluster } from "../lib/practice/cluster.ts";
import type { Scenario } from "../lib/practice/scenarios/scenario.ts";
import type { KubeObject } from "../lib/practice/store.ts";

export interface TestCluster {
  readonly cluster: PracticeCluster;
  /** The cluster's clock, for commands in process. */
  readonly clock: Clock;
  /** The environment with which the built file, or kubectl, finds the cluster. */
  readonly env: Readonly<Record<string, string>>;
  /** The Node object as it is now. */
  node(name: string): KubeObject;
  isCordoned(node: string): boolean;
  /** Writes that were asked for since the start, dry runs left out, as `METHOD path`. */
  writes(): string[];
  close(): Promise<void>;
}

/** Starts a practice cluster that lives `speed` times faster than real time, or by a clock of the test's own. */
export async function startCluster(
  scenario: string | Scenario,
  speed: number | PracticeClock = 20,
): Promise<TestCluster> {
  const workDirectory = await mkdtemp(path.join(tmpdir(), "vmnode-test-"));
  const time = typeof speed === "number" ? { speed } : { clock: speed };
  const cluster = await startPracticeCluster({ scenario, workDirectory, ...time });
  const node = (name: string): KubeObject => {
    const found = cluster.store.get({ group: "", resource: "nodes" }, undefined, name);
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  };
  const ownRequests = () => cluster.requests.filter(({ userAgent }) => userAgent.startsWith("kubectl-vmnode"));
  return {
    cluster,
    clock: {
      now: () => cluster.clock.now(),
      sleep: async (ms, signal) => {
        await cluster.clock.sleep(ms, signal);
        signal?.throwIfAborted();
      },
    },
    env: { KUBECONFIG: cluster.kubeconfigPath },
    node,
    isCordoned: (name) => node(name).spec?.unschedulable === true,
    writes: () =>
      ownRequests()
        .filter(({ method, url }) => method !== "GET" && !url.includes("dryRun=All") && !isReview(url))
        .map(({ method, url }) => `${method} ${url}`),
    async close() {
      await cluster.close();
      await rm(workDirectory, { recursive: true, force: true });
    },
  };
}

/** Questions about rights and names are asked by POST, and write nothing. */
function isReview(url: string): boolean {
  return /\/selfsubject\w*reviews\b/.test(url);
}
