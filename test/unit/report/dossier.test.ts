/** A dossier reads at night: is it dead, how is that known, what does a wrong answer cost, what becomes of each VM. */
import { describe, expect, test } from "vitest";
import { dossierReport } from "../../../lib/report/dossier.ts";
import { width } from "../../../lib/report/width.ts";
import { dossier, fullDossier, recovered } from "./dossiers.ts";

const text = (lines: readonly string[]) => lines.join("\n");

describe("the dossier of a silent node", () => {
  test("at 80 columns", () => {
    expect(text(dossierReport(dossier(), { columns: 80 }))).toMatchInlineSnapshot(`
      "Is worker-4 dead?                        (times: UTC, by the API server's clock)
        SILENT    kubelet lease           6m40s ago  last renewed 14:02:11
        SILENT    virt-handler heartbeat   7m1s ago  last written 14:01:50
        SILENT    container status          10m ago  last written 13:58:20
        SILENT    Ready condition         5m50s ago  Unknown (NodeStatusUnknown) since
                                                     14:03:01
        UNKNOWN   not installed: Machine, BareMetalHost, FenceAgentsRemediation
        —         nothing else is known to hold the node
      Verdict: unproven. Nothing has been heard from worker-4 for 6m40s, but nothing
      proves that it is off.
      A node that is only cut off still runs its VMs; starting them again elsewhere
      ruins their disks.
      Look at its power state before you go on: BMC, hypervisor or cloud console, or
      the machine itself.

      What would happen to 11 VMs and 2 other pods
      HELD       prod/mover     Was arriving on worker-2 when the node was lost, and
                                may run there already. Decide by hand.
                                take it along: --include-held prod/mover
      STAYS DOWN lab/manual-1   runStrategy Manual: start it yourself.
                                fix: virtctl start manual-1 -n lab
      RESTARTS   9 VMs          prod/web-1, prod/web-2, prod/web-3, prod/web-4,
                                prod/web-5, prod/web-6, prod/web-7, prod/web-8,
                                prod/db
                                volumes to be detached first: prod/db
      GOES       2 other pods   monitoring/prom-0, kubevirt/virt-handler-abcde
      STAYS      1 other pod    tolerates the taint: kube-system/proxy-x
      How: taint the node out of service, and delete all pods of these VMs at once.
      Kubernetes detaches the volumes at once when the node bears the taint."
    `);
  });

  test("at 60 columns", () => {
    expect(text(dossierReport(dossier(), { columns: 60 }))).toMatchInlineSnapshot(`
      "Is worker-4 dead?    (times: UTC, by the API server's clock)
        SILENT    kubelet lease           6m40s ago
                  last renewed 14:02:11
        SILENT    virt-handler heartbeat   7m1s ago
                  last written 14:01:50
        SILENT    container status          10m ago
                  last written 13:58:20
        SILENT    Ready condition         5m50s ago
                  Unknown (NodeStatusUnknown) since 14:03:01
        UNKNOWN   not installed: Machine, BareMetalHost,
                  FenceAgentsRemediation
        —         nothing else is known to hold the node
      Verdict: unproven. Nothing has been heard from worker-4 for
      6m40s, but nothing proves that it is off.
      A node that is only cut off still runs its VMs; starting
      them again elsewhere ruins their disks.
      Look at its power state before you go on: BMC, hypervisor or
      cloud console, or the machine itself.

      What would happen to 11 VMs and 2 other pods
      HELD       prod/mover
          Was arriving on worker-2 when the node was lost, and may
          run there already. Decide by hand.
          take it along: --include-held prod/mover
      STAYS DOWN lab/manual-1
          runStrategy Manual: start it yourself.
          fix: virtctl start manual-1 -n lab
      RESTARTS   9 VMs
          prod/web-1, prod/web-2, prod/web-3, prod/web-4,
          prod/web-5, prod/web-6, prod/web-7, prod/web-8, prod/db
          volumes to be detached first: prod/db
      GOES       2 other pods
          monitoring/prom-0, kubevirt/virt-handler-abcde
      STAYS      1 other pod
          tolerates the taint: kube-system/proxy-x
      How: taint the node out of service, and delete all pods of
      these VMs at once. Kubernetes detaches the volumes at once
      when the node bears the taint."
    `);
  });

  test("in a pipe nothing is broken or cut", () => {
    const lines = dossierReport(dossier());
    expect(lines[0]).toBe("Is worker-4 dead?  (times: UTC, by the API server's clock)");
    expect(lines.some((line) => line.includes("A node that is only cut off still runs its VMs"))).toBe(true);
  });

  test("expanded, every VM has its line and its reason", () => {
    const lines = dossierReport(dossier(), { columns: 100, expand: true });
    for (const { namespace, name } of dossier().vms)
      expect(lines.filter((line) => line.includes(`${namespace}/${name} `)).length, name).toBe(1);
  });
});

describe("the verdict", () => {
  const verdictLines = (fields: Parameters<typeof dossier>[0]) => {
    const lines = dossierReport(dossier(fields), { columns: 100 });
    const start = lines.findIndex((line) => line.startsWith("Verdict: "));
    const end = lines.indexOf("", start);
    return text(lines.slice(start, end === -1 ? undefined : end));
  };

  test("alive: nothing more is said of its VMs", () => {
    const reason = "worker-4 is alive: its kubelet renewed its lease 8s ago.";
    expect(verdictLines({ verdict: "alive", reason })).toMatchInlineSnapshot(`
      "Verdict: alive. worker-4 is alive: its kubelet renewed its lease 8s ago.
      Nothing is cleaned up on a node that shows life, and no flag changes that."
    `);
    expect(text(dossierReport(dossier({ verdict: "alive", reason })))).not.toContain("prod/web-1");
  });

  test("undecided", () => {
    const reason = "worker-4 has not been silent for long enough. That can be told at 14:05:21 UTC.";
    expect(verdictLines({ verdict: "undecided", reason })).toMatchInlineSnapshot(`
      "Verdict: undecided. worker-4 has not been silent for long enough. That can be told at 14:05:21 UTC.
      Nothing is cleaned up before that is told: ask again, or wait with --wait."
    `);
  });

  test("proven dead", () => {
    const reason =
      "Nothing has been heard from worker-4 for 6m40s, and it is off: BareMetalHost: reports the host off.";
    expect(verdictLines({ verdict: "proven-dead", reason })).toMatchInlineSnapshot(`
      "Verdict: proven-dead. Nothing has been heard from worker-4 for 6m40s, and it is off: BareMetalHost:
      reports the host off.
      Its VMs can be started elsewhere; no second copy of them is running."
    `);
  });

  test("rebooted", () => {
    const reason = "worker-4 has rebooted and is Ready again. There is nothing to recover.";
    expect(verdictLines({ verdict: "alive", rebooted: true, reason })).toMatchInlineSnapshot(`
      "Verdict: alive. worker-4 has rebooted and is Ready again. There is nothing to recover.
      Give it back when it is sound: kubectl vmnode uncordon worker-4"
    `);
  });

  test("held by somebody else", () => {
    const heldBy = [
      { node: "worker-4", kind: "NodeMaintenance", object: "nodemaintenance/bios", detail: "Running: BIOS" },
    ] as const;
    const lines = dossierReport(dossier({ heldBy }), { columns: 100 });
    expect(lines.find((line) => line.includes("HELD BY"))).toBe(
      "  HELD BY   NodeMaintenance                    nodemaintenance/bios: Running: BIOS",
    );
    expect(text(lines)).toContain("nodemaintenance/bios is at work on worker-4 already");
    expect(text(lines)).not.toContain("nothing else is known to hold");
  });
});

describe("what would happen", () => {
  test("without a taint, and with the only virt-api on the node", () => {
    const controlPlane = [
      { namespace: "kubevirt", name: "virt-api-x", uid: "u", app: "virt-api", alone: true },
    ] as const;
    const lines = dossierReport(
      dossier({ method: "delete", methodReason: "the node's other pods must stay", otherPods: [], controlPlane }),
      { columns: 100 },
    );
    expect(text(lines)).toContain(
      "FIRST      virt-api       no other virt-api is ready: nothing starts before virt-api-x is",
    );
    expect(lines.join(" ")).toContain("without a taint: the node's other pods must stay.");
    expect(text(lines)).toContain("What would happen to 11 VMs\n");
  });

  test("every other pod that goes is named, however many there are", () => {
    const otherPods = Array.from({ length: 60 }, (_, at) => ({
      ...{ namespace: "ns", name: `pod-${at}`, uid: String(at), toleratesTaint: false },
    }));
    const shown = text(dossierReport(dossier({ otherPods }), { columns: 80 }));
    for (const { name } of otherPods) expect(shown).toContain(`ns/${name}`);
  });

  test("of a group it is said what some of them wait for", () => {
    const lines = text(dossierReport(dossier(), { columns: 100 }));
    expect(lines).toContain("RESTARTS   9 VMs          prod/web-1, prod/web-2, ");
    expect(lines).toContain("volumes to be detached first: prod/db");
  });

  test("of orphan pods it is said that their VMIs are gone, not that somebody is about to remove them", () => {
    const orphans = ["lab/a", "lab/b"].map((name) => recovered(name, "unaffected", "C7"));
    const seen = text(dossierReport(dossier({ vms: orphans }), { columns: 200 }));
    expect(seen).toMatch(/VMI gone already: lab\/a, lab\/b/);
    expect(seen).not.toContain("being deleted");
  });

  test("of a group it is said whose disks nothing protects from a second copy", () => {
    const vms = ["prod/a", "prod/b", "prod/c"].map((name) => recovered(name));
    const [a, b, c] = vms;
    if (a === undefined || b === undefined || c === undefined) throw new Error("three VMs");
    const shown = text(
      dossierReport(dossier({ vms: [{ ...a, sharedDisk: true }, b, { ...c, sharedDisk: true }] }), { columns: 120 }),
    );
    expect(shown).toContain("nothing but a host that is off keeps two copies from writing to one disk: prod/a, prod/c");
  });

  test("of each, alone or in a group, it is said which pods make way for it", () => {
    const pushing = { ...recovered("prod/a"), pushesOut: ["lab/batch", "lab/ci"] };
    for (const vms of [[pushing], [recovered("prod/b"), pushing]])
      expect(text(dossierReport(dossier({ vms }), { columns: 120 }))).toContain(
        "removes pods of lower priority: lab/batch, lab/ci",
      );
  });

  test("every VM is named, however many there are", () => {
    const vms = Array.from({ length: 60 }, (_, at) => recovered(`ns/vm-${at}`));
    const shown = text(dossierReport(dossier({ vms }), { columns: 80 }));
    for (const { name } of vms) expect(shown).toContain(`ns/${name}`);
  });

  test("to nobody: then it is said what would be written to the node, if anything", () => {
    const nobody = (fields: object) => text(dossierReport(dossier({ vms: [], otherPods: [], ...fields })));
    const object = { kind: "node", name: "worker-4" };
    const actions = [
      { verb: "cordon", object },
      { verb: "taint", object },
    ] as const;
    expect(nobody({ actions })).toContain(
      "No VM and no other pod is concerned.\nworker-4 would be cordoned and tainted out of service.",
    );
    expect(nobody({ actions: [] })).not.toMatch(/How:|would be/);
    expect(nobody({ actions: [], takenUp: [recovered("prod/web")] })).toContain(
      "No pod is left on worker-4 to be removed.\nFollowed, too: 1 VM that the recovery on record has freed: prod/web.",
    );
  });

  test("what could not be read is told", () => {
    const gaps = [{ resource: "volumeattachments", reason: "forbidden: list volumeattachments" }];
    expect(dossierReport(dossier({ gaps })).at(-1)).toBe(
      "Not checked: volumeattachments (forbidden: list volumeattachments)",
    );
  });
});

test.each([36, 40, 60, 80, 120])("no line but a command is wider than %i columns", (columns) => {
  // Names are never broken.
  const longName = columns < 60 ? "shop/web" : "a-long-namespace/with-a-vm-of-a-long-name";
  const vms = [...fullDossier().vms, recovered(longName, "held", "C3")];
  const both = [fullDossier(), dossier()].flatMap((each) => dossierReport({ ...each, vms }, { columns }));
  for (const line of both)
    if (!/fix:|--include-held/.test(line)) expect(width(line), line).toBeLessThanOrEqual(columns);
});

test("colours only emphasise", () => {
  const marked = dossierReport(fullDossier(), { columns: 90, style: (_tone, words) => `<${words}>` });
  expect(text(marked).replaceAll(/[<>]/g, "")).toBe(
    text(dossierReport(fullDossier(), { columns: 90 })).replaceAll(/[<>]/g, ""),
  );
});
