/** How far a drain has come, with plausible defaults. */
import type { DrainProgress, VmProgress } from "../../lib/model/progress.ts";

/** A VM, `namespace/name`, that is as far on its way. */
export function going(name: string, state: VmProgress["state"], fields: Partial<VmProgress> = {}): VmProgress {
  const [namespace = "", short = ""] = name.split("/");
  return {
    namespace,
    name: short,
    uid: `uid-${short}`,
    node: "worker-1",
    pod: `virt-launcher-${short}-x2x4l`,
    state,
    since: "2026-11-21T14:02:11Z",
    ...fields,
  };
}

/** A drain of worker-1 four minutes after its start. */
export function drainProgress(vms: readonly VmProgress[], fields: Partial<DrainProgress> = {}): DrainProgress {
  return {
    nodes: ["worker-1"],
    startedAt: "2026-11-21T13:58:26Z",
    time: "2026-11-21T14:02:33Z",
    vms,
    pods: [],
    limits: { perNode: 2, perCluster: 5 },
    trouble: [],
    phase: "evicting",
    ...fields,
  };
}
