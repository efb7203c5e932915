/** Dossiers to lay out, as the assessment makes them. */
import type { Dossier, RecoveryOutcome, RecoveryRow, Sign, VmRecovery } from "../../../lib/model/dossier.ts";

export function recovered(
  name: string,
  outcome: RecoveryOutcome = "restarts",
  row: RecoveryRow = "C13",
  fields: Partial<VmRecovery> = {},
): VmRecovery {
  const [namespace = "", short = ""] = name.split("/");
  return {
    ...{ namespace, name: short, uid: `uid-${short}`, outcome, row },
    reason: "Will be started on another node (runStrategy Always); what its guest had not saved is lost.",
    pods: [{ name: `virt-launcher-${short}-x2x4l`, uid: `pod-${short}` }],
    ...{ migrations: [], attachments: [] },
    ...fields,
  };
}

const silent: readonly Sign[] = [
  { source: "kubelet lease", grade: "silent", ageSeconds: 400, detail: "last renewed 14:02:11" },
  { source: "virt-handler heartbeat", grade: "silent", ageSeconds: 421, detail: "last written 14:01:50" },
  { source: "container status", grade: "silent", ageSeconds: 631, detail: "last written 13:58:20" },
  { source: "Ready condition", grade: "silent", ageSeconds: 350, detail: "Unknown (NodeStatusUnknown) since 14:03:01" },
];
const missing: readonly Sign[] = ["Machine", "BareMetalHost", "FenceAgentsRemediation"].map((source) => ({
  ...{ source, grade: "unknown", detail: "kind not installed" },
}));

/** worker-4, silent for 6m40s, with eleven VMs. */
export function dossier(fields: Partial<Dossier> = {}): Dossier {
  const webs = Array.from({ length: 8 }, (_, at) => recovered(`prod/web-${at + 1}`));
  return {
    node: "worker-4",
    nodeUid: "uid-worker-4",
    bootID: "boot",
    time: "2026-11-21T14:08:51Z",
    verdict: "unproven",
    reason: "Nothing has been heard from worker-4 for 6m40s, but nothing proves that it is off.",
    outageSince: "2026-11-21T14:02:11Z",
    rebooted: false,
    heldBy: [],
    signs: [...silent, ...missing],
    method: "taint",
    methodReason: "Kubernetes detaches the volumes at once when the node bears the taint",
    vms: [
      ...webs,
      recovered("prod/db", "restarts", "C12", { reason: "Waits for pv-db to be detached.", attachments: ["pv-db"] }),
      recovered("lab/manual-1", "stays-down", "C14", {
        ...{ reason: "runStrategy Manual: start it yourself.", fix: "virtctl start manual-1 -n lab" },
      }),
      recovered("prod/mover", "held", "C3", {
        reason: "Was arriving on worker-2 when the node was lost, and may run there already. Decide by hand.",
      }),
    ],
    otherPods: [
      { namespace: "monitoring", name: "prom-0", uid: "1", toleratesTaint: false },
      { namespace: "kubevirt", name: "virt-handler-abcde", uid: "2", toleratesTaint: false },
      { namespace: "kube-system", name: "proxy-x", uid: "3", toleratesTaint: true },
    ],
    controlPlane: [],
    actions: [],
    gaps: [],
    ...fields,
  };
}

/** Every field and every grade, outcome and kind of holder that a dossier can have. */
export function fullDossier(): Dossier {
  const grades = ["alive", "stale", "silent", "proof-of-death", "asserted", "unknown"] as const;
  const object = { kind: "baremetalhost", namespace: "ops", name: "rack3" };
  const outcomes = ["restarts", "replaced", "stays-down", "unaffected", "held"] as const;
  const kinds = ["NodeMaintenance", "Remediation", "Harvester", "Machine", "Record", "UnknownRecord"] as const;
  return dossier({
    decidableAt: "2026-11-21T14:09:00Z",
    signs: grades.map((grade) => ({
      source: "s",
      grade,
      detail: "d",
      ageSeconds: 7,
      object,
      silentAt: "2026-11-21T14:09:00Z",
    })),
    heldBy: kinds.map((kind) => ({ node: "worker-4", kind, object: "o", detail: "d" })),
    vms: outcomes.flatMap((outcome) => [
      recovered(`a/${outcome}-1`, outcome, "C12", {
        fix: "fix",
        migrations: [{ name: "m", uid: "u" }],
        attachments: ["pv"],
      }),
      recovered(`a/${outcome}-2`, outcome, "unknown"),
    ]),
    takenUp: [recovered("a/gone")],
    controlPlane: [{ namespace: "kubevirt", name: "virt-api-x", uid: "u", app: "virt-api", alone: true }],
    actions: [
      { verb: "taint", object: { kind: "node", name: "worker-4" } },
      { verb: "delete", object: { kind: "pod", namespace: "a", name: "p" } },
    ],
    gaps: [{ resource: "volumeattachments", namespace: "n", reason: "forbidden" }],
  });
}
