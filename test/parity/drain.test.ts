/** The same node drained by the genuine kubectl and by us: the same lines about the same pods, and the same end. */
import { isDeepStrictEqual } from "node:util";
import { expect, test, vi } from "vitest";
import { maintenance } from "../../lib/practice/scenarios/maintenance.ts";
import { quiet } from "../../lib/practice/scenarios/quiet.ts";
import type { Scenario } from "../../lib/practice/scenarios/scenario.ts";
import { runCommand } from "../commands/run.ts";
import { runKubectl } from "../kubectl.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { type EndState, endState, finishedPods, resultLines } from "./end-state.ts";

/** Two clusters of the same scenario: kubectl's and ours. */
async function withTwo(
  scenario: Scenario,
  use: (theirs: TestCluster, ours: TestCluster) => Promise<void>,
): Promise<void> {
  const [theirs, ours] = await Promise.all([startCluster(scenario), startCluster(scenario)]);
  try {
    await use(theirs, ours);
  } finally {
    await Promise.all([theirs.close(), ours.close()]);
  }
}

/** The scenario `maintenance` without what a drain cannot or need not end: what blocks, and what arrives. */
const withoutBlockers: Scenario = {
  ...maintenance,
  machines: maintenance.machines.filter(({ namespace }) => namespace !== "legacy" && namespace !== "media"),
  budgets: (maintenance.budgets ?? []).filter(({ namespace }) => namespace !== "legacy"),
  past: (maintenance.past ?? []).filter((step) => "migrate" in step && step.migrate.startsWith("shop/")),
};

const wholeNode = ["--ignore-daemonsets", "--delete-emptydir-data", "--force"];
/** kubectl's words for what we do when nothing else is said. */
const machinesAlone = ["--delete-emptydir-data", "--pod-selector=kubevirt.io=virt-launcher"];

test.each([
  { name: "quiet, VMs alone", scenario: quiet, kubectlFlags: machinesAlone, flags: [] },
  { name: "maintenance, VMs alone", scenario: withoutBlockers, kubectlFlags: machinesAlone, flags: [] },
  {
    name: "maintenance, all pods",
    scenario: withoutBlockers,
    kubectlFlags: wholeNode,
    flags: ["--all-pods", ...wholeNode],
  },
])("$name", async ({ scenario, kubectlFlags, flags }) => {
  await withTwo(scenario, async (theirs, ours) => {
    // kubectl clears the finished pods of earlier migrations away; a drain of VMs alone leaves them to KubeVirt.
    const leftovers = flags.length > 0 ? [] : finishedPods(theirs.cluster, "worker-1");
    const [kubectl, vmnode] = await Promise.all([
      runKubectl(theirs.cluster.kubeconfigPath, ["drain", "worker-1", "--timeout=60s", ...kubectlFlags], {
        timeoutMs: 90_000,
      }),
      runCommand(["drain", "worker-1", "--yes", ...flags].join(" "), ours.env, ours),
    ]);
    expect([kubectl.code, vmnode.code], `${kubectl.stderr}\n${vmnode.stdout}\n${vmnode.stderr}`).toEqual([0, 0]);
    // Attachment pods go with their VM, and kubectl asks for them in vain until then.
    const leftOut = [...leftovers, "hp-volume-"];
    const [said, expected] = [resultLines(vmnode.stdout), resultLines(kubectl.stdout, leftOut)];
    const asked = (line: string) => !line.startsWith("pod/");
    expect(said.filter(asked)).toEqual(expected.filter(asked));
    // Of a pod that has gone between two of its tries kubectl says nothing more.
    expect(said).toEqual(expect.arrayContaining(expected));
    const evicted = said.filter((line) => !asked(line)).map((line) => line.replace(/^pod\/(\S+) evicted$/, "$1"));
    expect(evicted).toEqual(said.flatMap((line) => /^evicting pod \S+\/(\S+)$/.exec(line)?.[1] ?? []).sort());
    // kubectl does not wait for the VMs that were shut down to run again.
    const ends = await settled(theirs, ours);
    expect(ends.ours).toEqual(ends.theirs);
    const ourEnd = ends.ours;
    expect(ourEnd.cordoned).toBe(true);
    if (flags.length > 0) {
      expect(finishedPods(ours.cluster, "worker-1")).toEqual([]);
      // Of several warnings about one pod kubectl keeps the last filter's alone.
      expect(warnings(vmnode.stderr)).toEqual(expect.arrayContaining(warnings(kubectl.stderr)));
    }
    expect(ours.cluster.doubleRuns).toEqual([]);
  });
});

/** What both warn of, without the endings of generated names. */
function warnings(stderr: string): string[] {
  const lines = stderr.split("\n").filter((line) => line.startsWith("Warning: "));
  const parts = lines.flatMap((line) => line.replace("Warning: ", "").split("; "));
  return parts.map((part) => part.replace(/-[a-z0-9]{5}\b/g, "")).sort();
}

/** How both ended, when they have become alike or have had the time to. */
async function settled(theirs: TestCluster, ours: TestCluster): Promise<{ theirs: EndState; ours: EndState }> {
  const look = () => ({ theirs: endState(theirs.cluster, "worker-1"), ours: endState(ours.cluster, "worker-1") });
  await vi
    .waitUntil(() => isDeepStrictEqual(look().theirs, look().ours), { timeout: 60_000, interval: 50 })
    .catch(() => undefined);
  return look();
}
