/** The tables of list. */
import { describe, expect, test } from "vitest";
import type { NodeOverview } from "../../../lib/model/overview.ts";
import type { OperationRecord } from "../../../lib/model/record.ts";
import { nodeTable, vmTable } from "../../../lib/report/list.ts";
import { width } from "../../../lib/report/width.ts";
import { finding, mixedCheck, node, vm } from "./builders.ts";

const now = new Date("2026-11-21T14:02:11Z");
const text = (lines: readonly string[]) => lines.join("\n");

function overview(
  name: string,
  status: string,
  vms: number,
  notMigratable: number,
  fields: Partial<NodeOverview> = {},
): NodeOverview {
  return {
    name,
    status,
    vms,
    migratable: vms - notMigratable,
    notMigratable,
    createdAt: "2026-10-11T12:00:00Z",
    ...fields,
  };
}

const record: OperationRecord = {
  v: 1,
  kind: "drain",
  by: "alice",
  reason: "bios update",
  since: "2026-11-21T13:00:00Z",
  cordonedByUs: true,
  taints: [],
  vms: [],
};

const nodes = [
  overview("worker-1", "Ready", 19, 7, {
    drain: { verdict: "blocks", outcomes: { blocks: 2, moves: 14, stops: 3 }, memory: "76Gi" },
  }),
  overview("worker-2", "Ready", 23, 0, { drain: { verdict: "drains", outcomes: { moves: 23 }, memory: "92Gi" } }),
  overview("worker-3", "Ready,SchedulingDisabled", 0, 0, {
    drain: { verdict: "drains", outcomes: {} },
    record: { kind: "record", record },
  }),
  overview("worker-4", "NotReady", 11, 2, { statusSince: "2026-11-21T13:58:59Z" }),
];

describe("the table of nodes", () => {
  test("counts VMs, and says below what is unusual", () => {
    expect(text(nodeTable(nodes, { now }))).toMatchInlineSnapshot(`
      "NODE       STATUS                     VMS   MIGRATABLE   NOT-MIGRATABLE   AGE
      worker-1   Ready                       19           12                7   41d
      worker-2   Ready                       23           23                0   41d
      worker-3   Ready,SchedulingDisabled     0            0                0   41d
      worker-4   NotReady (3m12s)            11            9                2   41d

      worker-3: drain by alice, 62m ago, "bios update"
      worker-4 looks lost: kubectl vmnode recover worker-4 --dry-run"
    `);
  });

  test.each([80, 60, 40])("fits into %i columns, and says which columns are missing", (columns) => {
    const away = overview("worker-5", "NotReady,SchedulingDisabled", 0, 0, { statusSince: "2026-11-21T13:58:59Z" });
    const lines = nodeTable([...nodes, away], { now, columns });
    // A command below it stays whole, on a line of its own.
    expect(lines.filter((line) => width(line) > columns && !line.startsWith("  kubectl "))).toEqual([]);
    expect(lines[0]).toMatch(/^NODE +STATUS +VMS/);
    expect(text(lines.slice(6)).replace(/\s+/g, " ")).toMatch(/No room here for .*AGE: see -o wide\.$/);
    expect(lines[5]).toContain(columns === 40 ? "NotReady,Sch" : "NotReady,SchedulingDisabled (3m12s)");
    expect(nodeTable(nodes, { now, columns, wide: true })[0]).toContain("MEMORY");
  });

  test("wide also says what a drain would do, and how much memory is to be moved", () => {
    expect(text(nodeTable(nodes, { now, wide: true }))).toMatchInlineSnapshot(`
      "NODE       STATUS                     VMS   MIGRATABLE   NOT-MIGRATABLE   AGE   DRAIN                                 MEMORY
      worker-1   Ready                       19           12                7   41d   blocks: 2 blocks, 3 stops, 14 moves     76Gi
      worker-2   Ready                       23           23                0   41d   drains: 23 moves                        92Gi
      worker-3   Ready,SchedulingDisabled     0            0                0   41d   drains                                <none>
      worker-4   NotReady (3m12s)            11            9                2   41d   <none>                                <none>

      worker-3: drain by alice, 62m ago, "bios update"
      worker-4 looks lost: kubectl vmnode recover worker-4 --dry-run"
    `);
  });

  test("without anything unusual is the table alone", () => {
    expect(nodeTable([overview("a", "Ready", 1, 0)], { now })).toHaveLength(2);
    expect(nodeTable([overview("a", "Ready", 1, 0)], { now, headers: false })).toEqual(["a   Ready   1   1   0   41d"]);
  });

  test.each([
    [
      "a record that was left on a node in use",
      "Ready",
      { kind: "record", record } as const,
      'a stale record of a drain by alice, 62m ago, "bios update"; to remove it: kubectl vmnode uncordon a',
    ],
    [
      "a damaged record",
      "Ready",
      { kind: "damaged", text: "\x1b[2J{" } as const,
      "cannot be understood (damaged): ^[[2J{",
    ],
    [
      "a record of a newer version",
      "Ready",
      { kind: "newer", text: "{}", version: 2 } as const,
      "cannot be understood (newer): {}",
    ],
  ])("names %s", (_what, status, onNode, words) => {
    expect(nodeTable([overview("a", status, 0, 0, { record: onNode })], { now }).at(-1)).toContain(words);
  });
});

describe("the table of VMs", () => {
  test("says of each what a drain would do, and why", () => {
    const lines = vmTable(mixedCheck().nodes, { now });
    expect(text([lines[0] ?? "", ...lines.slice(-6)])).toMatchInlineSnapshot(`
      "NAMESPACE   NAME        PHASE     STRATEGY                      MIGRATABLE                           OWNER                   BUDGETS   DRAIN
      prod        web-14      Running   LiveMigrate (vmi)             True                                 vm/web-14 (Always)      <none>    moves
      test        gpu-1       Running   LiveMigrateIfPossible (vmi)   False: HostDeviceNotLiveMigratable   vm/gpu-1 (Always)       <none>    restarts
      test        bench-3     Running   None (default)                True                                 <none>                  <none>    stops
      prod        db-local    Running   LiveMigrate (vmi)             False: DisksNotLiveMigratable        vm/db-local (Always)    <none>    blocks
      prod        ledger      Running   LiveMigrate (vmi)             True                                 vm/ledger (Always)      ledger    blocks
      test        ci-runner   Running   None (cluster)                True                                 vm/ci-runner (Always)   <none>    restarts"
    `);
  });

  test("of several nodes starts with the node", () => {
    const lines = vmTable([node("n1", { vms: [vm("a/b")] }), node("n2", { vms: [vm("a/c")] })], { now });
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual(["NODE", "n1", "n2"]);
  });

  test("wide adds the pod, memory, target and reason", () => {
    const one = vm("a/b", "stops", {
      memory: "2Gi",
      migratingTo: "n3",
      findings: [finding("BareVmi", { reason: "Bare VMI." })],
    });
    expect(vmTable([node("n1", { vms: [one] })], { now, wide: true })[1]).toMatch(
      /virt-launcher-b-x2x4l {3}2Gi {6}n3 {7}Bare VMI\.$/,
    );
  });

  test("is never cut in a pipe, and keeps names whole on a terminal", () => {
    const long = vm(`prod/${"n".repeat(60)}`, "moves", {
      budgets: ["b".repeat(50)],
      migratable: { status: "False", reason: "R".repeat(60) },
    });
    const workers = [node("n1", { vms: [long] })];
    expect(vmTable(workers, { now })[1]).toContain("R".repeat(60));
    const cut = vmTable(workers, { now, columns: 160 });
    expect(cut[1]).toContain("n".repeat(60));
    expect(Math.max(...cut.map(width))).toBeLessThanOrEqual(160);
    // What had no room is to be seen there.
    expect(vmTable(workers, { now, columns: 80, wide: true })).toEqual(vmTable(workers, { now, wide: true }));
  });

  test("breaks what stands below it between words on a terminal alone", () => {
    const arriving = vm("prod/a", "waits", {
      row: "D4",
      findings: [
        finding("MigrationArriving", {
          proof: { object: { kind: "virtualmachineinstance", name: "a" }, field: "status.nodeName", value: "n2" },
        }),
      ],
    });
    const workers = [node("n1", { vms: [arriving] })];
    expect(vmTable(workers, { now, columns: 80 }).slice(-3, -1)).toEqual([
      "1 of these VMs is still arriving, and counts as one of the node that it comes",
      "  from.",
    ]);
    expect(vmTable(workers, { now }).at(-1)).toMatch(/^1 of these VMs .* comes from\.$/);
  });

  test("on 80 columns leaves out whole columns instead of cutting all of them to stumps, and says which", () => {
    const lines = vmTable(mixedCheck().nodes, { now, columns: 80 });
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(80);
    expect(text([lines[0] ?? "", ...lines.slice(-4)])).toMatchInlineSnapshot(`
      "NAMESPACE   NAME        PHASE     STRATEGY                 MIGRATABLE   DRAIN
      prod        ledger      Running   LiveMigrate (vmi)        True         blocks
      test        ci-runner   Running   None (cluster)           True         restarts

      No room here for OWNER and BUDGETS: see -o wide."
    `);
  });
});
