/** `node bench/recovery.ts`: from consent to the last VM running, by `recover` and by the runbook of six steps, on the same crash. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type PracticeCluster, startPracticeCluster } from "../lib/practice/cluster.ts";
import type { MachineRow, Scenario } from "../lib/practice/scenarios/scenario.ts";
import { kubectlPath } from "../test/kubectl.ts";
import { start } from "../test/terminal/session.ts";
import { conclude, type Report } from "./report.ts";

const usage = `node bench/recovery.ts [--machines N --keep]
  --machines   VMs on the node that has lost its power, every third with a disk that only one node may use (19)
  --keep       write the result to bench/recovery.md`;

/** At least so much shorter than the runbook. */
const shorterBy = 0.6;
const lost = "worker-1";
const namespace = "shop";
const nodes = [lost, "worker-2", "worker-3", "worker-4"];

interface Trial {
  readonly seconds: number;
  /** Deletions that reached the API server. */
  readonly deletions: number;
  readonly doubleRuns: number;
}

/** Both in the same run, each on a cluster of its own, at real speed. */
async function benchRecovery(machines: number): Promise<Report> {
  const [ours, runbook] = await Promise.all([trial(machines, byUs), trial(machines, byRunbook)]);
  const ratio = ours.seconds / runbook.seconds;
  const met = ratio <= 1 - shorterBy && ours.doubleRuns + runbook.doubleRuns === 0;
  const row = (name: string, { seconds, deletions }: Trial): string =>
    `| ${name.padEnd(14)} | ${`${seconds.toFixed(1)} s`.padEnd(9)} | ${String(deletions).padEnd(9)} |`;
  const text = [
    `${machines} VMs on a node without power, ${exclusive(machines)} of them with a disk that only one node may use, at real speed.`,
    "",
    "|                | wall clock | deletions |",
    "|----------------|-----------|-----------|",
    row("kubectl vmnode", ours),
    row("the runbook", runbook),
    "",
    `recover takes ${(100 * ratio).toFixed(0)} % of the runbook's time, ${(100 * (1 - ratio)).toFixed(0)} % less; promised are ${100 * shorterBy} % less: ${met ? "met" : "MISSED"}.`,
  ].join("\n");
  return { text, met };
}

/** Does the work, and calls `consented` when a person has agreed to it. */
type Way = (cluster: PracticeCluster, consented: () => void) => Promise<void>;

async function trial(machines: number, way: Way): Promise<Trial> {
  const workDirectory = await mkdtemp(path.join(tmpdir(), "vmnode-bench-"));
  const cluster = await startPracticeCluster({ scenario: scenarioOf(machines), speed: 1, workDirectory });
  try {
    let consentAt = Number.NaN;
    const consented = (): void => {
      consentAt = performance.now();
    };
    const [lastAt] = await Promise.all([whenAllRun(cluster, machines), way(cluster, consented)]);
    return {
      seconds: (lastAt - consentAt) / 1000,
      deletions: cluster.requests.filter(({ method, status }) => method === "DELETE" && status === 200).length,
      doubleRuns: cluster.doubleRuns.length,
    };
  } finally {
    await cluster.close();
    await rm(workDirectory, { recursive: true, force: true });
  }
}

const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };

/** Resolves to the moment at which the last VM runs elsewhere, as the cluster itself sees it. */
function whenAllRun({ store }: PracticeCluster, machines: number): Promise<number> {
  return new Promise((resolve) => {
    const stop = store.subscribe(() => {
      const running = store.list(vmis).filter(({ status }) => status?.phase === "Running" && status.nodeName !== lost);
      if (running.length < machines) return;
      stop();
      resolve(performance.now());
    });
  });
}

/** A person at a terminal, who has read the evidence and types the node's name. */
async function byUs(cluster: PracticeCluster, consented: () => void): Promise<void> {
  const session = start(["recover", lost], { env: { KUBECONFIG: cluster.kubeconfigPath }, rows: 50, columns: 120 });
  await session.waitFor("Type the node's name");
  session.type(lost);
  consented();
  session.type("\r");
  await session.ended;
}

/** The runbook as a script that is ready to run, so that nobody has to look anything up while VMs are down. */
async function byRunbook(cluster: PracticeCluster, consented: () => void): Promise<void> {
  consented();
  await run(["bash", "-euo", "pipefail", "-c", runbook], {
    HOME: path.dirname(cluster.kubeconfigPath),
    PATH: `${path.dirname(kubectlPath())}${path.delimiter}${process.env.PATH ?? ""}`,
    KUBECONFIG: cluster.kubeconfigPath,
    NODE: lost,
  });
}

/** The six steps that the platforms' documentation has for a node that is down. */
const runbook = `
here="--field-selector=spec.nodeName=$NODE --no-headers"
columns="-o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name"
# 1. Make sure that the node is down.
kubectl get node "$NODE"
# 2. Which launcher pods are there?
pods=$(kubectl get pods -A -l kubevirt.io=virt-launcher $here $columns)
# 3. Delete them by force, one after the other.
while read -r namespace name; do
  kubectl delete pod "$name" -n "$namespace" --force --grace-period=0 2>/dev/null
done <<<"$pods"
# 4. Delete the volume attachments of the node.
attachments=$(kubectl get volumeattachments --no-headers -o custom-columns=NODE:.spec.nodeName,NAME:.metadata.name)
while read -r node name; do
  if [ "$node" = "$NODE" ]; then kubectl delete volumeattachment "$name"; fi
done <<<"$attachments"
# 5. and 6. Look for virt-api and virt-controller there, and delete them.
for app in virt-api virt-controller; do
  pods=$(kubectl get pods -A -l "kubevirt.io=$app" $here $columns)
  while read -r namespace name; do
    if [ -n "$name" ]; then kubectl delete pod "$name" -n "$namespace" --force --grace-period=0 2>/dev/null; fi
  done <<<"$pods"
done
`;

function run([program = "", ...words]: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env, stdio: ["ignore", "ignore", "inherit"] });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}`))));
  });
}

function exclusive(machines: number): number {
  return Math.ceil(machines / 3);
}

/** Every kind of disk that lets a VM start elsewhere. */
function scenarioOf(machines: number): Scenario {
  const machineOf = (index: number): MachineRow => ({
    name: `vm-${index}`,
    namespace,
    node: lost,
    run: "Always",
    strategy: "None",
    disk: index % 3 === 0 ? "exclusive" : "shared",
    memory: "1Gi",
    age: "1h",
  });
  return {
    name: "bench",
    summary: "",
    notes: [],
    nodes: nodes.map((name) => ({ name, cpu: 64, memory: "256Gi" })),
    machines: Array.from({ length: machines }, (_none, index) => machineOf(index)),
    past: [{ ago: "4m", host: lost, fault: { powered: false } }],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      machines: { type: "string", default: "19" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) console.log(usage);
  else {
    const found = await benchRecovery(Number(values.machines));
    await conclude("recovery", "From consent to the last VM running", found, values.keep);
  }
}
