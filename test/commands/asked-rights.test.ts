/** What the commands of a role ask the server for, all of them together, is what the role has: no rule is missing, and none is superfluous. */
import { expect, test } from "vitest";
import { complete } from "../../cmd/complete.ts";
import type { KubeResponse } from "../../lib/kube/request.ts";
import { type Role, rightsOf } from "../../lib/platform/rights.ts";
import { requestInfo } from "../../lib/practice/api/call.ts";
import type { MachineRow, MachineSetRow, Scenario } from "../../lib/practice/scenarios/scenario.ts";
import { grant } from "./grant.ts";
import { ofOtherMachine, serveEveryKind } from "./recover/kinds.ts";
import { openStage, powerLoss, type Stage, scenarioOf, word } from "./recover/stage.ts";
import { withConnections } from "./run.ts";

const nodes = { group: "", resource: "nodes" };
const migrations = { group: "kubevirt.io", resource: "virtualmachineinstancemigrations" };
const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };

/** What a user who has but this role asks for in a cluster that serves every kind there may be, as `verb resource.group`. */
async function asked(role: Role, scenario: Scenario, work: (stage: Stage, user: string) => Promise<void>) {
  const stage = await openStage(scenario);
  try {
    serveEveryKind(stage);
    // By way of its Machine the host of worker-1 is found, and worker-2 is known by its Machine alone.
    const machineOf = { "worker-1": ofOtherMachine.clusterApi, "worker-2": ofOtherMachine.openShift };
    for (const [node, annotations] of Object.entries(machineOf))
      stage.cluster.store.modify(nodes, undefined, node, ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, ...annotations };
      });
    const user = grant(stage, rightsOf[role]);
    await work(stage, user);
    const own = stage.cluster.requests.filter((request) => request.user === user);
    expect(own.filter(({ status }) => status === 401 || status === 403).map(({ url }) => url)).toEqual([]);
    return own.flatMap(({ method, url }) => pairsOf(method, url));
  } finally {
    await stage.close();
  }
}

/** Nothing for what is no resource, and for reviews of one's own rights, which everybody may ask for. */
function pairsOf(method: string, url: string): string[] {
  const info = requestInfo(method, new URL(url, "https://server"));
  const { isResource, verb, group, resource, subresource, parts } = info;
  if (!isResource || resource.startsWith("selfsubject")) return [];
  const names = [subresource === "" ? resource : `${resource}/${subresource}`];
  // virt-api asks once more, by the whole name.
  if (parts.length > 3) names.push(`${resource}/${parts.slice(2).join("/")}`);
  return names.map((name) => `${verb} ${name}.${group}`);
}

const machine: MachineRow = {
  name: "",
  namespace: "shop",
  node: "worker-1",
  run: "Always",
  strategy: "LiveMigrate",
  disk: "shared",
  age: "1h",
  memory: "1Gi",
};

function several<T>(count: number, make: (number: number) => T): T[] {
  return Array.from({ length: count }, (_none, index) => make(index + 10));
}

function replicaSet(name: string, node: string): MachineSetRow {
  return { ...machine, name, strategy: "None", disk: "image", nodes: [node] };
}

/** More of everything than is read singly on worker-1, and less of it on worker-2; more nodes than are read at once. */
const large: Scenario = {
  ...scenarioOf([{ ago: "20s", migrate: "lab/late", to: "worker-1" }]),
  nodes: [
    ...several(51, (number) => ({ name: `other-${number}`, cpu: 1, memory: "1Gi" })),
    ...["worker-1", "worker-2", "worker-3"].map((name) => ({ name, cpu: 64, memory: "256Gi" })),
  ],
  machines: [
    ...several(7, (number) => ({ ...machine, name: `vm-${number}`, labels: { app: "shop" } })),
    { ...machine, name: "one", namespace: "lab", node: "worker-2" },
    { ...machine, name: "late", namespace: "lab", node: "worker-2", guest: { migrationSeconds: 60 } },
  ],
  budgets: [{ name: "budget", namespace: "shop", selects: { app: "shop" }, maxUnavailable: 1 }],
  replicaSets: [...several(21, (number) => replicaSet(`pool-${number}`, "worker-1")), replicaSet("pool", "worker-2")],
};

/** What the commands ask for that every role is to allow. */
const looking = asked("look", large, async (stage, user) => {
  const lines = ["list", "list worker-1", "list -o wide", "check worker-1 --all-pods", "check worker-2", "version"];
  for (const line of lines) expect([0, 3]).toContain((await stage.run(`${line} --as ${user}`)).code);
  for (const words of ["drain ", "list --namespace "])
    expect((await completed(stage, ["--as", user, ...words.split(" ")])).length).toBeGreaterThan(2);
});

/** Completion without a limit of time. */
function completed({ env, clock }: Stage, words: readonly string[]): Promise<readonly string[]> {
  const patient = { ...clock, sleep: () => new Promise<never>(() => {}) };
  const loadKubeconfig = () => Promise.reject(new Error("nobody completes contexts here"));
  return withConnections({ env, clock }, (connect) =>
    complete(words, { connect, clock: patient, loadKubeconfig }, 1000),
  );
}

function differences(role: Role, asked: readonly string[]) {
  const had = rightsOf[role].flatMap(({ group, resource, verbs }) =>
    verbs.map((verb) => `${verb} ${resource}.${group}`),
  );
  return {
    missing: [...new Set(asked)].filter((each) => !had.includes(each)),
    superfluous: had.filter((each) => !asked.includes(each)),
  };
}

const none = { missing: [], superfluous: [] };

test("who looks, and completes command lines", async () => {
  expect(differences("look", await looking)).toEqual(none);
});

test("who drains", async () => {
  const draining = await asked("drain", large, async (stage, user) => {
    for (const line of ["drain worker-2 --yes", "uncordon worker-2", "drain worker-1 --yes"])
      expect((await stage.run(`${line} --as ${user}`)).code).toBe(0);
  });
  const web = { ...machine, name: "web", guest: { migrationSeconds: 600 } };
  const aborting = await asked("drain", scenarioOf([], { machines: [web] }), async (stage, user) => {
    await beginDrain(stage);
    expect((await stage.run(`abort worker-1 --yes --as ${user}`)).code).toBe(0);
  });
  expect(differences("drain", [...(await looking), ...draining, ...aborting])).toEqual(none);
});

/** As a drain leaves it that was killed: our record, KubeVirt's mark, and the migration that came of it. */
async function beginDrain(stage: Stage): Promise<void> {
  const record = { v: 1, kind: "drain", by: "ann", since: "2026-11-21T11:00:00Z", cordonedByUs: true };
  stage.cluster.store.modify(nodes, undefined, "worker-1", ({ metadata, spec }) => {
    spec.unschedulable = true;
    const text = JSON.stringify({ ...record, taints: [], vms: [] });
    metadata.annotations = { ...metadata.annotations, "kubectl-vmnode/operation": text };
  });
  stage.cluster.store.modify(vmis, "shop", "web", (draft) => {
    draft.status = { ...draft.status, evacuationNodeName: "worker-1" };
  });
  await stage.pass(20_000);
}

test("who recovers", { timeout: 120_000 }, async () => {
  const machines = [{ ...machine, name: "db", strategy: "None", disk: "exclusive" } as const];
  const replicaSets = [
    replicaSet("pool", "worker-1"),
    ...several(21, (number) => ({ ...replicaSet(`pool-${number}`, "worker-1"), namespace: "lab" })),
  ];
  const recovering = await asked("recover", scenarioOf([powerLoss], { machines, replicaSets }), async (stage, user) => {
    stage.cluster.store.create(migrations, {
      metadata: { namespace: "shop", name: "stuck", labels: { "kubevirt.io/vmi-name": "db" } },
      spec: { vmiName: "db" },
      status: { phase: "Scheduling" },
    });
    const line = `recover worker-1 ${word} --as ${user}`;
    expect((await stage.run(`${line} --keep-other-pods`, { alter: stillMigrating })).code).toBe(0);
    stage.cluster.faults.deleteNodeObject("worker-1");
    await stage.run(line);
  });
  expect(differences("recover", [...(await looking), ...recovering])).toEqual(none);
});

/** Migrations whose controller has not seen that their VMIs have ended. */
function stillMigrating(answer: KubeResponse): KubeResponse {
  const text = JSON.stringify(answer.body) ?? "";
  if (!text.includes('"VirtualMachineInstanceMigrationList"')) return answer;
  return { ...answer, body: JSON.parse(text.replaceAll(/"phase":"\w+"/g, '"phase":"Scheduling"')) };
}
