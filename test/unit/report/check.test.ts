/** A check reads: the answer, then the reasons, then what to do. */
import { describe, expect, test } from "vitest";
import { checkReport } from "../../../lib/report/check.ts";
import { vmTable } from "../../../lib/report/list.ts";
import { drainQuestion, planReport } from "../../../lib/report/plan.ts";
import { width } from "../../../lib/report/width.ts";
import { check, finding, mixedCheck, movers, node, vm } from "./builders.ts";

const text = (lines: readonly string[]) => lines.join("\n");

describe("the check of a node", () => {
  test("at 80 columns", () => {
    expect(text(checkReport(mixedCheck(), { columns: 80 }))).toMatchInlineSnapshot(`
      "worker-1 cannot be drained: 2 of 19 VMs would stay.

      BLOCKS     prod/db-local    Must migrate (LiveMigrate) but cannot:
                                  DisksNotLiveMigratable: disk data is ReadWriteOnce
                                  (PVC db-local-data).
                                  seen: status.conditions[LiveMigratable].reason =
                                  DisksNotLiveMigratable
                                  fix: virtctl stop db-local -n prod
      BLOCKS     prod/ledger      PDB ledger uses maxUnavailable, which cannot work
                                  for VM pods.
                                  seen: pdb/ledger: spec.maxUnavailable = 1
                                  fix: kubectl patch pdb ledger -n prod --type merge -p '{"spec":{"maxUnavailable":null,"minAvailable":1}}'
      STOPS      test/bench-3     Bare VMI: shut down and not restarted.
      RESTARTS   test/gpu-1       LiveMigrateIfPossible, but cannot migrate
                                  (HostDeviceNotLiveMigratable): shut down within 60
                                  s, started on another node.
      RESTARTS   test/ci-runner   Strategy None: shut down within 60 s, started on
                                  another node.
      MOVES      14 VMs           live migration, 2 at a time; smallest room left:
                                  worker-3, 41Gi

      Not checked: poddisruptionbudgets in namespace "lab" (forbidden: list
      poddisruptionbudgets)"
    `);
  });

  test("at 60 columns", () => {
    expect(text(checkReport(mixedCheck(), { columns: 60 }))).toMatchInlineSnapshot(`
      "worker-1 cannot be drained: 2 of 19 VMs would stay.

      BLOCKS     prod/db-local
          Must migrate (LiveMigrate) but cannot:
          DisksNotLiveMigratable: disk data is ReadWriteOnce (PVC
          db-local-data).
          seen: status.conditions[LiveMigratable].reason =
          DisksNotLiveMigratable
          fix: virtctl stop db-local -n prod
      BLOCKS     prod/ledger
          PDB ledger uses maxUnavailable, which cannot work for VM
          pods.
          seen: pdb/ledger: spec.maxUnavailable = 1
          fix: kubectl patch pdb ledger -n prod --type merge -p '{"spec":{"maxUnavailable":null,"minAvailable":1}}'
      STOPS      test/bench-3
          Bare VMI: shut down and not restarted.
      RESTARTS   test/gpu-1
          LiveMigrateIfPossible, but cannot migrate
          (HostDeviceNotLiveMigratable): shut down within 60 s,
          started on another node.
      RESTARTS   test/ci-runner
          Strategy None: shut down within 60 s, started on another
          node.
      MOVES      14 VMs
          live migration, 2 at a time; smallest room left:
          worker-3, 41Gi

      Not checked: poddisruptionbudgets in namespace "lab"
      (forbidden: list poddisruptionbudgets)"
    `);
  });

  test("in a pipe breaks no line", () => {
    const lines = checkReport(mixedCheck());
    const reasons = mixedCheck().nodes.flatMap((worker) =>
      worker.vms.flatMap((one) => one.findings.map((f) => f.reason)),
    );
    for (const reason of reasons) expect(lines.some((line) => line.endsWith(reason))).toBe(true);
  });

  test("never breaks a command, however narrow the terminal", () => {
    const fix = mixedCheck().nodes[0]?.vms.find((one) => one.name === "ledger")?.findings[0]?.fix ?? "";
    expect(checkReport(mixedCheck(), { columns: 40 }).some((line) => line.endsWith(fix))).toBe(true);
  });

  test("keeps everything but commands within the terminal", () => {
    const lines = checkReport(mixedCheck(), { columns: 80 }).filter((line) => !/ fix: |Not checked/.test(line));
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(80);
  });

  test("counts a VM that arrives on the node that it comes from", () => {
    const proof = {
      object: { kind: "virtualmachineinstance", name: "a" },
      field: "status.nodeName",
      value: "worker-2",
    };
    const arriving = vm("prod/a", "waits", { row: "D4", findings: [finding("MigrationArriving", { proof })] });
    const vms = [vm("prod/b", "blocks"), vm("prod/c"), arriving];
    expect(checkReport(check([node("worker-1", { verdict: "blocks", vms })]))[0]).toBe(
      "worker-1 cannot be drained: 1 of 2 VMs would stay. 1 more is arriving.",
    );
    expect(vmTable([node("worker-1", { vms })], { now: new Date() }).at(-1)).toBe(
      "1 of these VMs is still arriving, and counts as one of the node that it comes from.",
    );
  });

  test("says each thing once that could not be read", () => {
    const forbidden = (resource: string, verb: string, namespace?: string) => ({
      ...{ resource, reason: `forbidden: ${verb} ${resource}`, namespace },
    });
    const gaps = [
      forbidden("pods", "list"),
      forbidden("pods", "list", "default"),
      forbidden("virtualmachineinstances", "list"),
      forbidden("virtualmachineinstances", "list", "default"),
      forbidden("virtualmachineinstances", "get", "prod"),
      forbidden("poddisruptionbudgets", "list", "lab"),
      { resource: "nodes", reason: "one object has no name" },
      { resource: "persistentvolumeclaims", reason: "the server is busy" },
      { resource: "persistentvolumeclaims", namespace: "lab", reason: "no answer within 30s" },
    ];
    expect(checkReport(check([node("worker-1")], { gaps })).slice(2)).toEqual([
      "Not checked: pods (forbidden: list pods)",
      "Not checked: virtualmachineinstances (forbidden: list and get virtualmachineinstances)",
      'Not checked: poddisruptionbudgets in namespace "lab" (forbidden: list poddisruptionbudgets)',
      "Not checked: nodes (one object has no name)",
      "Not checked: persistentvolumeclaims (the server is busy)",
    ]);
  });

  test("lists the VMs that move only when asked to", () => {
    const moving = check([node("worker-1", { vms: movers(3) })]);
    expect(checkReport(moving)).toEqual([
      "worker-1 can be drained: 3 VMs move.",
      "",
      "MOVES      3 VMs   live migration, 2 at a time",
    ]);
    expect(checkReport(moving, { expand: true }).slice(2)).toEqual([
      "MOVES      prod/web-1   live migration",
      "MOVES      prod/web-2   live migration",
      "MOVES      prod/web-3   live migration",
    ]);
  });

  test("says of a VM that would be shut down in the midst of a migration that this is waited for", () => {
    const findings = [
      finding("ShutsDownRestarts", { reason: "Will be shut down." }),
      finding("AlreadyMigrating", { reason: "The drain waits for its migration to end first." }),
    ];
    const shown = text(checkReport(check([node("worker-1", { vms: [vm("prod/web", "restarts", { findings })] })]), {}));
    expect(shown).toMatch(
      /RESTARTS +prod\/web +Will be shut down\.\n +The drain waits for its migration to end first\./,
    );
  });

  test("names a VM that moves at a risk, and counts notes about the others", () => {
    const vms = [
      vm("prod/a", "moves", { findings: [finding("DisksCopied")] }),
      vm("prod/b", "moves", { findings: [finding("DisksCopied")] }),
      vm("prod/c", "moves", { findings: [finding("EvacuationFailing", { reason: "2 attempts failed." })] }),
      vm("prod/d"),
    ];
    expect(checkReport(check([node("worker-1", { vms })])).slice(2)).toEqual([
      "MOVES      prod/c   2 attempts failed.",
      "                    seen: vmi/db-local: status.phase = Running",
      "MOVES      3 VMs    live migration, 2 at a time",
      "                    2 of them: block migration: disks are copied, too",
    ]);
  });
});

test("colour only repeats what the words say", () => {
  const styled = checkReport(mixedCheck(), { columns: 80, style: (tone, words) => `<${tone}>${words}</${tone}>` });
  expect(styled.map((line) => line.replaceAll(/<\/?[a-z]+>/g, "").trimEnd())).toEqual(
    checkReport(mixedCheck(), { columns: 80 }),
  );
  expect(styled[0]).toMatch(/^<bad>.*<\/bad>$/);
  expect(styled.filter((line) => line.startsWith("<")).map((line) => /^<(\w+)>(\w+)/.exec(line)?.slice(1))).toEqual([
    ["bad", "worker"],
    ["bad", "BLOCKS"],
    ["bad", "BLOCKS"],
    ["warn", "STOPS"],
    ["warn", "RESTARTS"],
    ["warn", "RESTARTS"],
    ["good", "MOVES"],
  ]);
});

describe("the first line", () => {
  test.each([
    ["an empty node", node("n1"), "n1 can be drained: no VM runs there."],
    ["no VM chosen", node("n1", { outsideSelection: 4 }), "n1 can be drained: none of 4 VMs is selected."],
    [
      "a node that can be drained",
      node("n1", { vms: [vm("a/b"), vm("a/c", "restarts"), vm("a/d", "stops"), vm("a/e", "waits")] }),
      "n1 can be drained: 1 VM moves, 1 restarts, 1 stops for good, 1 is waited for.",
    ],
    [
      "a node with VMs that block",
      node("n1", { verdict: "blocks", vms: [vm("a/b"), vm("a/c", "blocks")] }),
      "n1 cannot be drained: 1 of 2 VMs would stay.",
    ],
    [
      "a cluster that blocks",
      node("n1", {
        verdict: "blocks",
        findings: [finding("VirtApiUnavailable", { reason: "virt-api does not answer." })],
      }),
      "n1 cannot be drained: virt-api does not answer.",
    ],
    [
      "a node about which something is unknown",
      node("n1", {
        verdict: "unknown",
        findings: [finding("Unreadable")],
        vms: [vm("a/b", "waits", { findings: [finding("ExternalStrategy")] })],
      }),
      "n1: whether it can be drained is not certain. What it would take: --waive Unreadable --waive ExternalStrategy.",
    ],
  ])("answers for %s", (_what, worker, line) => {
    expect(checkReport(check([worker]))[0]).toBe(line);
  });

  test("counts pods that block when all pods are to go, and not otherwise", () => {
    const pod = { namespace: "a", name: "lone", uid: "1", outcome: "blocks" as const, finding: finding("PodBlocked") };
    const worker = node("n1", {
      verdict: "blocks",
      vms: [vm("a/b", "blocks")],
      otherPods: [pod, { ...pod, outcome: "evicted" }],
    });
    expect(checkReport(check([worker]), { allPods: true })[0]).toBe(
      "n1 cannot be drained: 1 of 1 VM and 1 of 2 other pods would stay.",
    );
    expect(checkReport(check([worker]))[0]).toBe("n1 cannot be drained: 1 of 1 VM would stay.");
  });
});

test("several nodes: the answers first, then one section for each", () => {
  const report = checkReport(
    check([
      node("worker-1", { vms: movers(2) }),
      node("worker-2", { verdict: "blocks", vms: [vm("a/b", "blocks")] }),
      node("worker-3"),
    ]),
  );
  expect(text(report)).toMatchInlineSnapshot(`
    "2 of 3 nodes can be drained.
    worker-1 can be drained: 2 VMs move.
    worker-2 cannot be drained: 1 of 1 VM would stay.
    worker-3 can be drained: no VM runs there.

    worker-1:
    MOVES      2 VMs   live migration, 2 at a time

    worker-2:
    BLOCKS     a/b"
  `);
});

test("a finding that can be waived says how, and that it was", () => {
  const worker = node("n1", {
    verdict: "unknown",
    findings: [finding("NodeNotReady", { reason: "n1 is not Ready." })],
  });
  expect(checkReport(check([worker])).at(-1)).toContain(" accept it: --waive NodeNotReady");
  expect(checkReport(check([worker]), { waived: new Set(["NodeNotReady"]) }).at(-1)).toContain(
    "accepted: --waive NodeNotReady",
  );
});

describe("other pods", () => {
  const pod = (outcome: "evicted" | "skipped" | "finished" | "hotplug", name: string) => ({
    namespace: "a",
    name,
    uid: name,
    outcome,
  });
  const worker = node("n1", {
    otherPods: [
      pod("evicted", "a"),
      pod("evicted", "b"),
      pod("skipped", "c"),
      pod("finished", "d"),
      pod("hotplug", "e"),
    ],
  });

  test("stay, unless all pods are to go", () => {
    expect(checkReport(check([worker])).slice(2)).toEqual([
      "STAYS      3 pods   other than VMs; --all-pods takes them along",
    ]);
    expect(checkReport(check([worker]), { allPods: true }).slice(2)).toEqual([
      "EVICTS     2 pods   other than VMs, when the VMs are gone",
      "STAYS      1 pod    of DaemonSets, or static",
    ]);
  });
});

describe("the plan of a drain", () => {
  test("is the check and the order of the work", () => {
    const narrow = planReport(mixedCheck(), { columns: 40 });
    expect(narrow.slice(narrow.indexOf("In this order:") + 3)).toEqual([
      "  3. shut down 3 VMs when those have",
      "     left",
      "  4. look again that no other VM is left",
    ]);
    const plan = planReport(mixedCheck(), { columns: 80, maxParallel: 1 });
    expect(plan.slice(0, 3)).toEqual(checkReport(mixedCheck(), { columns: 80 }).slice(0, 3));
    expect(text(plan.slice(plan.indexOf("In this order:")))).toMatchInlineSnapshot(`
      "In this order:
        1. cordon worker-1
        2. move 14 VMs, 1 at a time
        3. shut down 3 VMs when those have left
        4. look again that no other VM is left"
    `);
  });

  test("asks one question that counts every outcome", () => {
    expect(drainQuestion(mixedCheck(), { skipBlocked: true })).toBe(
      "Drain worker-1? 14 VMs move, 2 restart, 1 stops for good, 2 stay (--skip-blocked).",
    );
    expect(drainQuestion(check([node("a"), node("b")]))).toBe("Drain a and b? No VM runs there.");
    const narrowed = { vms: [vm("web")], outsideSelection: 3 };
    expect(drainQuestion(check([node("a", narrowed)]))).toBe("Drain a? 1 VM moves; 3 others are not selected.");
    const pods = [{ namespace: "a", name: "p", uid: "p", outcome: "evicted" as const }];
    expect(drainQuestion(check([node("a", { vms: movers(1), otherPods: pods })]), { allPods: true })).toBe(
      "Drain a? 1 VM moves, 1 other pod is evicted.",
    );
  });
});
