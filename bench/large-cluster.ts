/** A large cluster: what the lists cost beside kubectl's, and that a check of one node costs what it costs in a smaller one. Started by run.ts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type PracticeCluster, startPracticeCluster } from "../lib/practice/cluster.ts";
import { countingRelay } from "../test/counting-relay.ts";
import { kubectlPath } from "../test/kubectl.ts";
import { fleetOfFullSize } from "./fleet.ts";
import { type CommandLine, cpuInTurn, type Environment, peakOf } from "./measure.ts";
import { atMost, conclude, figure, type Report, report, table, type Verdict } from "./report.ts";

/** What users get, as the build has left it. */
const plugin = fileURLToPath(new URL("../dist/kubectl-vmnode", import.meta.url));

const trials = {
  "kubectl get vmi -A": [kubectlPath(), "get", "vmi", "-A"],
  "vmnode list": [plugin, "list"],
  "vmnode list -o wide": [plugin, "list", "-o", "wide"],
} as const satisfies Record<string, CommandLine>;

const targets = [
  { ours: "vmnode list", share: 0.04, peak: 110 },
  { ours: "vmnode list -o wide", share: 0.3, peak: 220 },
] as const;

interface Size {
  readonly nodes: number;
  readonly machinesElsewhere: number;
}

async function bench(large: Size, rounds: number): Promise<Report> {
  const small: Size = { nodes: Math.ceil(large.nodes / 10), machinesElsewhere: large.machinesElsewhere };
  const inSmall = await withCluster(small, costOfCheck);
  return await withCluster(large, async (cluster, env) => {
    const cpu = await cpuInTurn(trials, env, rounds);
    const vmis = cluster.store.list({ group: "kubevirt.io", resource: "virtualmachineinstances" });
    const bytesEach = vmis.reduce((sum, vmi) => sum + JSON.stringify(vmi).length, 0) / vmis.length;
    const rows: string[][] = [];
    const verdicts: Verdict[] = [];
    for (const [name, command] of Object.entries(trials)) {
      const taken = cpu[name as keyof typeof trials];
      const peak = await peakOf(command, env);
      rows.push([name, `${(taken / 1000).toFixed(2)} s`, figure(peak, " MiB")]);
      const target = targets.find(({ ours }) => ours === name);
      if (target === undefined) continue;
      const share = taken / cpu["kubectl get vmi -A"];
      verdicts.push(atMost(`CPU: ${name} / kubectl get vmi -A`, target.share, share));
      verdicts.push(atMost(`memory: ${name}`, target.peak, peak, " MiB"));
    }
    const inLarge = await costOfCheck(cluster, env);
    return report(
      [
        `${large.nodes} nodes and ${vmis.length} VMs, ${(bytesEach / 1000).toFixed(1)} KB each; CPU time is the median of ${rounds} rounds.`,
        "",
        ...table(["command", "CPU", "peak memory"], rows),
        "",
        ...table(
          ["check of a node with 100 VMs", "requests", "connections", "bytes"],
          [
            [`among ${small.nodes} nodes`, ...cells(inSmall)],
            [`among ${large.nodes} nodes`, ...cells(inLarge)],
          ],
        ),
      ],
      [
        ...verdicts,
        atMost("requests of a check: those among a tenth of the nodes", inSmall.requests, inLarge.requests),
        // Names are longer where there are more.
        atMost("bytes of a check: those, and 2 %", inSmall.bytes * 1.02, inLarge.bytes),
      ],
    );
  });
}

interface Cost {
  readonly requests: number;
  readonly connections: number;
  readonly bytes: number;
}

function cells({ requests, connections, bytes }: Cost): string[] {
  return [`${requests}`, `${connections}`, `${bytes}`];
}

async function costOfCheck(cluster: PracticeCluster, env: Environment): Promise<Cost> {
  const relay = await countingRelay(cluster.server.port);
  const before = cluster.requests.length;
  await peakOf([plugin, "check", "worker-1", "--server", relay.address], env);
  relay.close();
  const own = cluster.requests.slice(before).filter(({ userAgent }) => userAgent.startsWith("kubectl-vmnode"));
  return { requests: own.length, connections: relay.connections, bytes: relay.bytes };
}

async function withCluster<T>(
  size: Size,
  work: (cluster: PracticeCluster, env: Environment) => Promise<T>,
): Promise<T> {
  const workDirectory = await mkdtemp(path.join(tmpdir(), "vmnode-bench-"));
  const cluster = await startPracticeCluster({ scenario: fleetOfFullSize({ ...size, machines: 100 }), workDirectory });
  try {
    return await work(cluster, {
      HOME: workDirectory,
      PATH: process.env.PATH ?? "",
      KUBECONFIG: cluster.kubeconfigPath,
    });
  } finally {
    await cluster.close();
    await rm(workDirectory, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "1000" },
    machines: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(`node bench/large-cluster.ts [--nodes N --machines M --rounds R --keep]
  --nodes      how many (1000)
  --machines   VMs on each but the first, which has 100 (10)
  --keep       write the tables to bench/large-cluster.md`);
} else {
  const size = { nodes: Number(values.nodes), machinesElsewhere: Number(values.machines) };
  const found = await bench(size, Number(values.rounds));
  await conclude("large-cluster", "What a large cluster costs", found, values.keep);
}
