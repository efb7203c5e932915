/** Each VM is followed until it runs, or until it is known why it does not, with the command for a person. */
import { afterEach, expect, test } from "vitest";
import { lost, lostVms, openStage, powerLoss, type Stage, scenarioOf, word } from "./stage.ts";

const machines = { group: "kubevirt.io", resource: "virtualmachines" };
const roles = { group: "rbac.authorization.k8s.io", resource: "clusterroles" };
const bindings = { group: "rbac.authorization.k8s.io", resource: "clusterrolebindings" };

let stage: Stage;
afterEach(() => stage.close());

test("every kind of VM: those that run with node and seconds, those that stay down with reason and command", async () => {
  stage = await openStage("crash");
  const { code, stdout } = await stage.run(`recover ${lost} ${word}`);
  const end = stdout.slice(stdout.indexOf("is recovered."));
  for (const name of ["shop/frontend", "shop/catalog", "shop/search", "shop/nightly", "shop/reports", "media/leaving"])
    expect(end).toMatch(new RegExp(`${name} +on worker-[234], \\d+ s after the confirmation`));
  for (const name of ["shop/database", "shop/ledger"]) expect(end).toMatch(new RegExp(`${name} +on worker-[234]`));
  expect(end).toMatch(/media\/arriving +on worker-2/);
  expect(end).toMatch(/shop\/crawler\w+ +replaced by its replica set crawler, \d+ s after/);
  const down = end.slice(end.indexOf("stay down:"));
  expect(down).toMatch(/lab\/notebook .*Manual.*\n +fix: virtctl start notebook -n lab/);
  expect(down).toMatch(/lab\/installer .*Once.*\n +fix: kubectl delete vmi installer -n lab/);
  expect(down).toMatch(/lab\/scratch .*Bare VMI.*\n +fix: kubectl get vmi scratch -n lab/);
  expect(down).toMatch(
    /lab\/archive .*archive-root exists only on worker-1.*\n +fix: kubectl vmnode uncordon worker-1/,
  );
  expect(down).toMatch(/lab\/pinned .*its nodeSelector pins it to worker-1.*\n +fix: kubectl edit vm pinned -n lab/);
  expect(code).toBe(0);
  expect(stage.cluster.doubleRuns).toEqual([]);
});

test("the only virt-api was on the node: it goes before all others, and the VMs come back with it", async () => {
  stage = await openStage(scenarioOf([{ ...powerLoss, ago: "3m" }], { virtApiReplicas: 1 }));
  const { code, stdout } = await stage.run(`recover ${lost} ${word}`);
  expect(stdout).toContain("no other virt-api is ready");
  expect(stage.deletions()[0]).toContain("/pods/virt-api-");
  expect(code).toBe(0);
  expect(stage.recovered()).toEqual(lostVms);
});

test("who may not delete attachments is told how long Kubernetes takes to detach by itself", async () => {
  stage = await openStage(scenarioOf([powerLoss]));
  const { store } = stage.cluster;
  const verbs = ["get", "list", "watch", "create", "update", "patch"];
  store.create(roles, {
    metadata: { name: "keeper" },
    rules: [
      { apiGroups: ["*"], resources: ["*"], verbs },
      { apiGroups: [""], resources: ["pods"], verbs: ["delete"] },
    ],
  });
  store.create(bindings, {
    metadata: { name: "keeper" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "keeper" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "keepers" }],
  });
  const env = await stage.kubeconfigFor("kim", ["keepers"]);
  const { code, stdout, stderr } = await stage.run(`recover ${lost} ${word} --keep-other-pods`, { env });
  expect(stderr).toMatch(/volumeattachment\/csi-\w+: .*cannot delete resource "volumeattachments"/);
  expect(stdout).toMatch(/shop\/db .*is still attached to worker-1; Kubernetes detaches it by itself/);
  expect(stdout).toMatch(/shop\/db +on worker-[23], 6m\d+s after the confirmation/);
  expect(code).toBe(0);
  // While nothing happens, only the signs of life are looked at every second.
  const reads = (part: string) =>
    stage.cluster.requests.filter(({ method, url }) => method === "GET" && url.includes(part)).length;
  expect(reads(`/leases/${lost}`)).toBeGreaterThan(300);
  expect(reads(`fieldSelector=spec.nodeName%3D${lost}`)).toBeLessThan(180);
  // And what has come to its end is not asked for at all.
  expect(reads("/virtualmachineinstances/db")).toBeGreaterThan(90);
  expect(reads("/virtualmachineinstances/web")).toBeLessThan(40);
});

test("commands for a person reach the cluster that was meant, with what was asked for and without the consent", async () => {
  const manual = { name: "tool", namespace: "lab", node: lost, run: "Manual", disk: "image", age: "1h" } as const;
  stage = await openStage(scenarioOf([powerLoss], { machines: [manual] }));
  const { kubeconfigPath } = stage.cluster;
  const line = `recover ${lost} ${word} --keep-other-pods --kubeconfig ${kubeconfigPath}`;
  const { stdout } = await stage.run(line, { env: {} });
  const flag = `--kubeconfig=${kubeconfigPath}`;
  expect(stdout).toContain(`fix: virtctl start tool -n lab ${flag}`);
  expect(stdout).toContain(`kubectl vmnode uncordon ${lost} ${flag}`);
  expect(await stage.run(`recover --kubeconfig ${kubeconfigPath}`, { env: {} })).toMatchObject({
    stdout: expect.stringContaining(`kubectl vmnode recover ${lost} ${flag} --dry-run`),
  });
});

test("a VM that must be repaired first is held, is not touched, and goes when it is named", async () => {
  stage = await openStage(scenarioOf([powerLoss]));
  stage.cluster.store.modify(machines, "shop", "web", (draft) => {
    const condition = { type: "ManualRecoveryRequired", status: "True", reason: "VolumesMigration" };
    draft.status.conditions = [...(draft.status.conditions ?? []), condition];
  });
  const first = await stage.run(`recover ${lost} ${word}`);
  expect(first.stdout).toMatch(/held, for a person to decide:\n +shop\/web/);
  expect(first.stdout).toMatch(/kubectl vmnode recover worker-1 --include-held NAMESPACE\/NAME$/m);
  expect(first.code).toBe(4);
  expect(stage.deletions().some((path) => path.includes("virt-launcher-web"))).toBe(false);
  expect(stage.recovered()).toEqual(["lab/batch", "shop/db"]);

  const second = await stage.run(`recover ${lost} ${word} --include-held shop/web`);
  expect(stage.deletions().some((path) => path.includes("virt-launcher-web"))).toBe(true);
  expect(second.stdout).toMatch(/Followed, too: 2 VMs that the recovery on record has freed: lab\/batch, shop\/db/);
  expect(second.code).toBe(0);
});

test("as JSON each line is an event, and the last one the summary", async () => {
  stage = await openStage(scenarioOf([powerLoss]));
  const { code, stdout } = await stage.run(`recover ${lost} ${word} -o json`);
  const events = stdout.split("\n").map((line) => JSON.parse(line));
  expect(events.every(({ apiVersion, type, time }) => apiVersion === "vmnode/v1" && type && time)).toBe(true);
  expect(events.at(-1)).toMatchObject({ type: "summary", end: "complete", exitCode: 0, taintLeft: true });
  expect(events.at(-1).running).toHaveLength(3);
  expect(code).toBe(0);
});

test("the word is kept: in the record, and in events on the node and on each VM", async () => {
  stage = await openStage(scenarioOf([powerLoss]));
  await stage.run(`recover ${lost} ${word}`);
  expect(stage.record()).toMatchObject({ by: "kubernetes-admin", assertions: [{ text: "seen on the console" }] });
  const events = stage.cluster.store
    .list({ group: "", resource: "events" })
    .filter(({ reason }) => reason === "NodeDeclaredLost");
  expect(events.map(({ involvedObject }) => involvedObject.name).sort()).toEqual(["batch", "db", "web", lost]);
  for (const { message } of events) expect(message).toContain("kubernetes-admin declared node worker-1 lost");
  for (const { message } of events) expect(message).toContain("seen on the console");
});

test("a quota that leaves no room: after a minute it is told, with the command that shows the quota", async () => {
  stage = await openStage(scenarioOf([powerLoss]));
  const { store } = stage.cluster;
  const quota = { metadata: { name: "small", namespace: "lab" }, spec: { hard: { "requests.memory": "1Mi" } } };
  store.create({ group: "", resource: "resourcequotas" }, quota);
  const { code, stdout } = await stage.run(`recover ${lost} ${word}`);
  expect(stdout).toMatch(
    /lab\/batch starting: failed to create virtual machine pod: .* exceeded quota: small, requested: /,
  );
  const failed = stdout.slice(stdout.indexOf("failed:"));
  expect(failed).toMatch(
    /lab\/batch +does not start: .*exceeded quota: small, .*\n +fix: kubectl describe quota small -n lab$/m,
  );
  expect(stdout.match(/lab\/batch (starting|failed|does not)/g)?.length).toBeLessThan(4);
  expect(code).toBe(4);
  expect(stage.recovered()).toEqual(["shop/db", "shop/web"]);
});
