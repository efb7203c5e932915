/** What a start costs in CPU time, held against kubectl's and a bare Node's in the same run: ratios, because machines differ. Started by run.ts. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import { type PracticeCluster, startPracticeCluster } from "../lib/practice/cluster.ts";
import { kubectlPath } from "../test/kubectl.ts";
import { fleetOfFullSize } from "./fleet.ts";
import { type CommandLine, cpuInTurn, type Environment } from "./measure.ts";
import { atMost, conclude, type Report, report, table } from "./report.ts";

/** What users get, as the build has left it. */
const plugin = fileURLToPath(new URL("../dist/kubectl-vmnode", import.meta.url));
const node = process.execPath;
const kubectl = kubectlPath();

const trials = {
  "kubectl version --client": [kubectl, "version", "--client"],
  "node -e 0": [node, "-e", "0"],
  "vmnode --version": [plugin, "--version"],
  "vmnode --help": [plugin, "--help"],
  "vmnode list": [plugin, "list"],
  "kubectl get vmi, one node": [kubectl, "get", "vmi", "-A", "-l", "kubevirt.io/nodeName=worker-1"],
  "vmnode list worker-1": [plugin, "list", "worker-1"],
} as const satisfies Record<string, CommandLine>;
/** What the columns of `list NODE` cost any program on this runtime. */
const bare = "its requests by a bare Node";
type Trial = keyof typeof trials | typeof bare;

interface Target {
  readonly ours: Trial;
  readonly theirs: Trial;
  /** The most that ours may take, as a share of theirs. */
  readonly share: number;
}

const targets: readonly Target[] = [
  { ours: "vmnode --version", theirs: "kubectl version --client", share: 0.75 },
  { ours: "vmnode --version", theirs: "node -e 0", share: 1.2 },
  { ours: "vmnode --help", theirs: "kubectl version --client", share: 1.1 },
  { ours: "vmnode list worker-1", theirs: "kubectl get vmi, one node", share: 1.1 },
];

async function bench(rounds: number): Promise<Report> {
  const workDirectory = await mkdtemp(path.join(tmpdir(), "vmnode-bench-"));
  const cluster = await startPracticeCluster({ scenario: fleetOfFullSize({ nodes: 3, machines: 100 }), workDirectory });
  try {
    // Without NODE_EXTRA_CA_CERTS, which costs every Node 10 ms, and kubectl nothing.
    const env = { HOME: workDirectory, PATH: process.env.PATH ?? "", KUBECONFIG: cluster.kubeconfigPath };
    const requests = path.join(workDirectory, "requests.json");
    await writeFile(requests, JSON.stringify(await requestsOf(trials["vmnode list worker-1"], cluster, env)));
    const bareRequests = fileURLToPath(new URL("bare-requests.cjs", import.meta.url));
    const taken = await cpuInTurn<Trial>({ ...trials, [bare]: [node, bareRequests, requests] }, env, rounds);
    const rows = Object.entries(taken).map(([trial, milliseconds]) => [trial, `${milliseconds.toFixed(0)} ms`]);
    const bareShare = taken[bare] / taken["kubectl get vmi, one node"];
    const verdicts = targets.map(({ ours, theirs, share }) =>
      atMost(`${ours} / ${theirs}`, share, taken[ours] / taken[theirs]),
    );
    return report(
      [
        `CPU time, medians of ${rounds} rounds; 3 nodes, 100 VMs on one of them, VMIs as large as in real clusters.`,
        "",
        ...table(["command", "CPU"], rows),
        "",
        `A program that only sends the requests of \`list worker-1\` and reads the answers takes ${bareShare.toFixed(2)} of what kubectl takes.`,
      ],
      verdicts,
    );
  } finally {
    await cluster.close();
    await rm(workDirectory, { recursive: true, force: true });
  }
}

/** What a command asks the server, and what is needed to ask the same. */
async function requestsOf(
  [command, ...args]: CommandLine,
  cluster: PracticeCluster,
  env: Environment,
): Promise<object> {
  const before = cluster.requests.length;
  await promisify(execFile)(command, args, { env });
  const config = new KubeConfig();
  config.loadFromString(cluster.kubeconfigYaml);
  const tls: RequestOptions = {};
  await config.applyToHTTPSOptions(tls);
  const paths = cluster.requests.slice(before).map(({ url }) => url);
  return {
    server: cluster.server.url,
    ca: cluster.server.caCertificate,
    cert: String(tls.cert),
    key: String(tls.key),
    paths,
  };
}

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, keep: { type: "boolean", default: false } },
});
await conclude("startup", "What a start costs", await bench(Number(values.rounds)), values.keep);
