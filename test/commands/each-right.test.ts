/**
 * Every single right of a role, taken away: the command says what it lacks, or did not need it. It never breaks, and writes nothing
 * that rests on what it could not see.
 */
import { afterEach, expect, test } from "vitest";
import { type Right, rightsOf, type Verb } from "../../lib/platform/rights.ts";
import type { MachineRow } from "../../lib/practice/scenarios/scenario.ts";
import { grant } from "./grant.ts";
import { ofOtherMachine, serveEveryKind } from "./recover/kinds.ts";
import { openStage, powerLoss, type Stage, scenarioOf, word } from "./recover/stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const nodes = { group: "", resource: "nodes" };
const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
/** One takes as long as an undo needs to catch it, one is on its way when the node is lost, one has a replica set. */
const machine: MachineRow = { name: "", namespace: "shop", node: "worker-1", run: "Always", disk: "shared", age: "1h" };
const machines: readonly MachineRow[] = [
  { ...machine, name: "web", strategy: "LiveMigrate", guest: { migrationSeconds: 300 } },
  { ...machine, name: "db", strategy: "None", disk: "exclusive" },
];
const pool = { name: "pool", namespace: "shop", nodes: ["worker-1"], strategy: "None", disk: "image" } as const;

/** A cluster that serves the kinds of others, and whose node names a Machine of each sort. */
async function open(operation: Operation): Promise<void> {
  const isLost = operation === "recover";
  const past = isLost ? [{ ago: "8m30s", migrate: "shop/web" }, powerLoss] : [];
  stage = await openStage(scenarioOf(past, { machines, replicaSets: operation === "abort" ? [] : [pool] }));
  serveEveryKind(stage);
  stage.cluster.store.modify(nodes, undefined, "worker-1", ({ metadata, spec }) => {
    const record = { v: 1, kind: "drain", by: "ann", since: "2026-11-21T11:00:00Z", cordonedByUs: true };
    spec.providerID = "metal3://default/other/x";
    metadata.annotations = {
      ...metadata.annotations,
      ...ofOtherMachine.clusterApi,
      ...(isLost ? {} : ofOtherMachine.openShift),
    };
    if (operation !== "abort" && operation !== "uncordon") return;
    spec.unschedulable = true;
    metadata.annotations["kubectl-vmnode/operation"] = JSON.stringify({ ...record, taints: [], vms: [] });
  });
  if (operation === "abort")
    stage.cluster.store.modify(vmis, "shop", "web", (draft) => {
      draft.status = { ...draft.status, evacuationNodeName: "worker-1" };
    });
  if (operation === "abort") await stage.pass(20_000);
  const binding = { group: "rbac.authorization.k8s.io", resource: "clusterrolebindings" };
  stage.cluster.store.delete(binding, undefined, "kubevirt.io:default", {}, { manager: "test" });
}

type Operation = "drain" | "abort" | "uncordon" | "recover";

const lines: Readonly<Record<Operation, string>> = {
  drain: "drain worker-1 --yes",
  abort: "abort worker-1 --yes",
  uncordon: "uncordon worker-1 --wait=false",
  recover: `recover worker-1 ${word}`,
};

/** The rights that an operation rests on here; the others are for larger clusters, other moments, or other commands. */
const restsOn: Readonly<Record<Operation, RegExp>> = {
  drain: /^(?!list (?:virtualmachines|persistentvolume|namespaces|virtualmachineinstancereplicasets)|delete|update)/,
  abort:
    /^(?:get nodes|patch nodes|list virtualmachineinstances|list virtualmachineinstancemigrations|delete|update .*)$/,
  uncordon:
    /^(?:get nodes|patch nodes|list virtualmachineinstances|list virtualmachineinstancemigrations|list node(?:m|h).*|list \w+remediations|get machines)$/,
  recover:
    /^(?!list (?:virtualmachines|persistentvolume|namespaces|poddisr|resourcequotas|events|baremetal|virtualmachineinstancereplicasets)|get metal3)/,
};

/** What makes a recovery use a right that it seldom needs. */
const rareMoments: Readonly<Record<string, { readonly flags?: string; readonly begins?: () => void }>> = {
  "delete volumeattachments": { flags: "--keep-other-pods" },
  // While nobody leads virt-controller, nobody ends the migration of a guest that is gone.
  "delete virtualmachineinstancemigrations": { begins: () => stage.later(10_000, loseVirtController) },
};

function loseVirtController(): void {
  const pods = { group: "", resource: "pods" };
  for (const { metadata } of stage.cluster.store.list(pods))
    if (metadata.labels?.["kubevirt.io"] === "virt-controller")
      stage.cluster.store.delete(
        pods,
        metadata.namespace,
        metadata.name,
        { gracePeriodSeconds: 0 },
        { manager: "test" },
      );
}

/** Told in other words than by the resource's name. */
const otherWords: Readonly<Record<string, RegExp>> = {
  "get virtualmachineinstancereplicasets": /replica set .* could not be read|whether that runs could not be read/,
  "list volumeattachments": /attached volumes could not be read|Not checked: volumeattachments/,
  "update virtualmachineinstances/evacuate/cancel": /needs "update" on .*evacuate\/cancel/,
  "get baremetalhosts": /UNKNOWN +BareMetalHost/,
};

/** What is looked at before anything is written; what is looked at afterwards comes too late for that. Quotas are only told of. */
const looksBefore: Readonly<Record<Operation, RegExp>> = {
  drain: /^(?:get|list|patch|create) (?!virtualmachineinstancereplicasets|volumeattachments|resourcequotas)/,
  abort: /^$/,
  uncordon: /^(?:get nodes|list virtualmachineinstances|list virtualmachineinstancemigrations)$/,
  recover: /^(?:get nodes|list pods|get virtualmachineinstances)$/,
};

const sameKind = (one: Right, other: Right) => one.group === other.group && one.resource === other.resource;
const cases = (Object.keys(lines) as Operation[]).flatMap((operation) => {
  const rights = rightsOf[operation === "recover" ? "recover" : "drain"];
  // Without a watch is read again and again.
  return rights.flatMap((right) =>
    right.verbs
      .filter((verb) => verb !== "watch" && restsOn[operation].test(`${verb} ${right.resource}`))
      // The lost node's Machine is Cluster API's, through which the host is found.
      .filter(() => operation !== "recover" || right.group !== "machine.openshift.io")
      .map((verb) => ({ operation, rights, right, verb, what: `${verb} ${right.resource}`, group: right.group })),
  );
});

test.each(cases)("$operation without $what of $group", async ({ operation, rights, right, verb, what }) => {
  await open(operation);
  const verbs: readonly Verb[] = right.verbs.filter((other) => other !== verb);
  const user = grant(stage, [...rights.filter((other) => !sameKind(other, right)), { ...right, verbs }]);
  const before = stage.writes().length;
  const moment = operation === "recover" ? rareMoments[what] : undefined;
  moment?.begins?.();
  const { code, stdout, stderr } = await stage.run(`${lines[operation]} ${moment?.flags ?? ""} --as ${user}`);
  const seen = `${stdout}\n${stderr}`;
  expect(seen).not.toContain("a fault of kubectl-vmnode itself");
  const [resource = ""] = right.resource.split("/");
  const usual = new RegExp(
    `(?:forbidden|may not|cannot|could not|not read).*${resource}|${resource}.*(?:forbidden|could not)`,
  );
  expect(seen).toMatch(otherWords[what] ?? usual);
  if (!looksBefore[operation].test(what)) return;
  expect(code, seen).not.toBe(0);
  expect(stage.writes().slice(before)).toEqual([]);
});
