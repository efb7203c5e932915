/** What a start costs in CPU time, held against kubectl's and a bare Node's in the same run: ratios, because machines differ. Started by run.ts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startPracticeCluster } from "../lib/practice/cluster.ts";
import { kubectlPath } from "../test/kubectl.ts";
import { type CommandLine, cpuInTurn } from "./measure.ts";
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
type Trial = keyof typeof trials;

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
  const cluster = await startPracticeCluster({ scenario: "fleet", nodes: 3, machines: 100, workDirectory });
  try {
    // Without NODE_EXTRA_CA_CERTS, which costs every Node 10 ms, and kubectl nothing.
    const env = { HOME: workDirectory, PATH: process.env.PATH ?? "", KUBECONFIG: cluster.kubeconfigPath };
    const taken = await cpuInTurn(trials, env, rounds);
    const rows = Object.entries(taken).map(([trial, milliseconds]) => [trial, `${milliseconds.toFixed(0)} ms`]);
    const verdicts = targets.map(({ ours, theirs, share }) =>
      atMost(`${ours} / ${theirs}`, share, taken[ours] / taken[theirs]),
    );
    return report(
      [
        `CPU time, medians of ${rounds} rounds; 3 nodes, 100 VMs on one of them.`,
        "",
        ...table(["command", "CPU"], rows),
      ],
      verdicts,
    );
  } finally {
    await cluster.close();
    await rm(workDirectory, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, keep: { type: "boolean", default: false } },
});
await conclude("startup", "What a start costs", await bench(Number(values.rounds)), values.keep);
