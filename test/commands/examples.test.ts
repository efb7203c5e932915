/** The examples of the help, each where it can do what it is an example of, with what must come of it. */
import { afterAll, describe, expect, test } from "vitest";
import { commands } from "../../cmd/commands.ts";
import type { Connection } from "../../lib/kube/connection.ts";
import { InterruptedError } from "../../lib/model/errors.ts";
import { maintenance } from "../../lib/practice/scenarios/maintenance.ts";
import { quiet } from "../../lib/practice/scenarios/quiet.ts";
import type { Scenario } from "../../lib/practice/scenarios/scenario.ts";
import { ofTheBuiltFile } from "../terminal/session.ts";
import type { Scene } from "../unit/cmd/fake-world.ts";
import { type DrivenCluster, startDrivenCluster, type Through } from "./driven-cluster.ts";

/** VMs that all move, in a namespace of the examples, beside pods that are no VMs. */
const furnished: Scenario = {
  ...quiet,
  nodes: quiet.nodes.map((node, index) => ({ ...node, zone: index < 2 ? "a" : "b" })),
  machines: quiet.machines.map((machine) => ({ ...machine, namespace: "prod" })),
  applications: maintenance.applications ?? [],
};

/** A cluster by the name of what it is for: its examples follow each other on it, as in the table. */
const stages = {
  "to look at": furnished,
  "to drain": furnished,
  "to empty": furnished,
  "that cannot be drained": "maintenance",
  "that VMs are leaving": "quiet",
  "with a drain that was interrupted": "quiet",
  "that has crashed": "crash",
  "that has crashed, with nobody there": "crash",
} as const satisfies Record<string, string | Scenario>;

interface Outcome {
  readonly on: keyof typeof stages;
  /** What leads to the situation. */
  readonly before?: (cluster: DrivenCluster) => Promise<void>;
  /** What the person at the terminal answers; every answer must have been asked for. */
  readonly answers?: readonly (boolean | string)[];
  readonly code: number;
  /** What must be printed, result or remark. */
  readonly says: RegExp;
  /** Whether worker-1 is out of service afterwards. */
  readonly cordoned?: boolean;
}

async function drained({ run }: DrivenCluster): Promise<void> {
  expect(await run("drain worker-1 --yes")).toMatchObject({ code: 0 });
}

/** A drain that ended by Ctrl-C when the first VM had been evicted. */
async function drainInterrupted({ run }: DrivenCluster): Promise<void> {
  const stop = new AbortController();
  const through = (connection: Connection): Connection => ({
    ...connection,
    send: async (request) => {
      const response = await connection.send(request);
      const isEviction = request.path.endsWith("/eviction") && !JSON.stringify(request).includes("dryRun");
      if (isEviction) stop.abort(new InterruptedError("SIGINT", "the first VM is marked"));
      return response;
    },
  });
  expect(await run("drain worker-1 --yes", { signal: stop.signal, through })).toMatchObject({ code: 130 });
}

const outcomes: Readonly<Record<string, Outcome>> = {
  list: { on: "to look at", code: 0, says: /^worker-1 +Ready +4 /m },
  "list worker-1": { on: "to look at", code: 0, says: /^prod +api +Running .*moves/m },
  "list worker-1 worker-2 -n prod -o wide": {
    on: "to look at",
    code: 0,
    says: /^worker-2 +prod +auth .*virt-launcher-/m,
  },
  "list --sort-by .vms": {
    on: "that cannot be drained",
    code: 0,
    says: /^NODE.*\n(?:worker-[34] +Ready +1 .*\n){2}worker-2 +Ready +2 .*\nworker-1 +Ready +22 /m,
  },
  "list -o json": { on: "to look at", code: 0, says: /"name": "worker-3"/ },
  "list worker-1 --watch": {
    on: "that VMs are leaving",
    before: drainInterrupted,
    code: 130,
    says: /^apps +api +Running [\s\S]*^apps\/\w+ on worker-1 is no longer there$/m,
  },
  "check worker-1": { on: "to look at", code: 0, says: /^worker-1 can be drained: 4 VMs move\./m },
  "check -l topology.kubernetes.io/zone=a -o json": {
    on: "to look at",
    code: 0,
    says: /"name": "worker-1",\s+"verdict": "drains",[\s\S]*"name": "worker-2",\s+"verdict": "drains",/,
  },
  "check worker-1 --all-pods --ignore-daemonsets": {
    on: "to look at",
    code: 3,
    says: /pod\/builder-.*use --delete-emptydir-data to override/,
  },
  doctor: { on: "to look at", code: 0, says: /No problem was found/ },
  "doctor --as jane": { on: "to look at", code: 1, says: /^Role look +incomplete/m },
  "doctor -o json": { on: "to look at", code: 0, says: /"kind": "Diagnosis"/ },
  version: { on: "to look at", code: 0, says: /KubeVirt.*1\.9\.0/i },
  "version --client": { on: "to look at", code: 0, says: /1\.2\.3/ },
  "drain worker-1 --dry-run": {
    on: "to look at",
    code: 0,
    says: /^node\/worker-1 drained \(dry run\)$/m,
    cordoned: false,
  },
  "drain worker-1 --reason 'swap DIMM'": {
    on: "to drain",
    answers: [true],
    code: 0,
    says: /^node\/worker-1 drained$/m,
    cordoned: true,
  },
  "uncordon worker-1": {
    on: "to drain",
    before: drained,
    code: 0,
    says: /^node\/worker-1 uncordoned$/m,
    cordoned: false,
  },
  "uncordon worker-1 --wait=false": {
    on: "to drain",
    before: drained,
    code: 0,
    says: /^node\/worker-1 uncordoned$/m,
    cordoned: false,
  },
  "drain worker-1 --yes --skip-blocked --waive ExternalStrategy --timeout 30m": {
    on: "that cannot be drained",
    code: 4,
    says: /^worker-1 is not drained and must not be powered off: 7 VMs are still there\./m,
    cordoned: true,
  },
  "drain worker-1 --all-pods --ignore-daemonsets --delete-emptydir-data": {
    on: "to empty",
    answers: [true],
    code: 0,
    says: /^pod\/builder-\S+ evicted$[\s\S]*^node\/worker-1 drained$/m,
    cordoned: true,
  },
  "abort worker-1 --dry-run": {
    on: "with a drain that was interrupted",
    before: drainInterrupted,
    code: 0,
    says: /^node\/worker-1 uncordoned \(dry run\)$/m,
    cordoned: true,
  },
  "abort worker-1": {
    on: "with a drain that was interrupted",
    answers: [true],
    code: 0,
    says: /^The drain of worker-1 is undone\.$/m,
    cordoned: false,
  },
  "uncordon worker-1 --waive EvacuationGoesOn": {
    on: "with a drain that was interrupted",
    before: drainInterrupted,
    code: 0,
    says: /^node\/worker-1 uncordoned$[\s\S]*KubeVirt goes on moving/m,
    cordoned: false,
  },
  recover: { on: "that has crashed", code: 0, says: /^worker-1 +14 +unproven /m },
  "recover worker-1 --dry-run": {
    on: "that has crashed",
    code: 0,
    says: /^Verdict: unproven\.[\s\S]*^RESTARTS +8 VMs/m,
    cordoned: false,
  },
  "recover worker-1": {
    on: "that has crashed",
    answers: ["worker-1"],
    code: 0,
    says: /^ +shop\/database +on worker-\d, \d s after the confirmation$/m,
    cordoned: true,
  },
  "recover worker-1 --yes --confirm-node worker-1 --node-is-powered-off 'BMC says: off'": {
    on: "that has crashed, with nobody there",
    code: 0,
    says: /^ +shop\/database +on worker-\d, \d s after the confirmation$/m,
    cordoned: true,
  },
};

const started = new Map<keyof typeof stages, Promise<DrivenCluster>>();
function stage(name: keyof typeof stages): Promise<DrivenCluster> {
  const cluster = started.get(name) ?? startDrivenCluster(stages[name]);
  started.set(name, cluster);
  return cluster;
}
afterAll(async () => {
  for (const cluster of started.values()) await (await cluster).close();
});

/** Nobody is there who can be asked, unless there are answers; what goes on until Ctrl-C gets one after a minute. */
function sceneOf(line: string, { answers }: Outcome, { clock }: DrivenCluster): Scene & { readonly through: Through } {
  const stop = new AbortController();
  const since = clock.now().getTime();
  const through = (connection: Connection): Connection => ({
    ...connection,
    send: (request) => {
      if (line.includes("--watch") && clock.now().getTime() - since > 60_000)
        stop.abort(new InterruptedError("SIGINT", "enough was seen"));
      return connection.send(request);
    },
  });
  return { signal: stop.signal, through, ...(answers && { answers }) };
}

test("every example has an outcome, and every outcome an example", () => {
  const examples = [...commands]
    .filter(([name]) => !ofTheBuiltFile.includes(name))
    .flatMap(([, { definition }]) => definition.examples.map(([line]) => line));
  expect(Object.keys(outcomes).sort()).toEqual(examples.sort());
});

describe("on a cluster", () => {
  test.each(Object.entries(outcomes))("%s", async (line, outcome) => {
    const cluster = await stage(outcome.on);
    await outcome.before?.(cluster);
    const { code, stdout, stderr, questions } = await cluster.run(line, sceneOf(line, outcome, cluster));
    expect(`${stdout}\n${stderr}`).toMatch(outcome.says);
    expect(code, stderr).toBe(outcome.code);
    expect(questions).toHaveLength(outcome.answers?.length ?? 0);
    if (outcome.cordoned !== undefined) expect(cluster.isCordoned("worker-1")).toBe(outcome.cordoned);
  });
});
