/** What `check` and `drain` share: what of the nodes is meant, and the check that both show and obey. */
import { type AssessOptions, assess, roomWanted } from "../lib/assess/check.ts";
import type { KubeClient } from "../lib/kube/client.ts";
import { UsageError } from "../lib/model/errors.ts";
import type { Facts } from "../lib/model/facts.ts";
import { parseLabelSelector } from "../lib/model/selector-text.ts";
import type { Check } from "../lib/model/verdict.ts";
import { currentUser } from "../lib/observe/access.ts";
import { observe } from "../lib/observe/observe.ts";
import { capabilitiesOf } from "../lib/platform/version.ts";
import type { FlagValues } from "./command.ts";
import { connectionTexts } from "./command-line.ts";
import type { connectionFlags } from "./flags/connection.ts";
import { type drainScopeFlags, waivedCodes } from "./flags/drain-scope.ts";
import type { World } from "./world.ts";

type Scope = FlagValues<typeof drainScopeFlags> & FlagValues<typeof connectionFlags>;

/** What a drain would take off the nodes, as the flags say. Throws UsageError for what cannot be done. */
export function assessOptionsOf(scope: Scope): AssessOptions {
  if (scope.gracePeriod === 0) {
    throw new UsageError("--grace-period=0 would cut off guests without a shutdown; it is refused for VMs");
  }
  const podSelector = scope.podSelector === undefined ? undefined : parseLabelSelector(scope.podSelector);
  if (scope.podSelector !== undefined && podSelector === undefined) {
    throw new UsageError(`--pod-selector=${scope.podSelector} must be a valid label selector`);
  }
  return {
    waived: waivedCodes(scope.waive),
    allPods: scope.allPods ? drainFilters(scope) : undefined,
    podSelector,
    graceSeconds: scope.gracePeriod < 0 ? undefined : scope.gracePeriod,
    commandFlags: connectionTexts(scope),
  };
}

function drainFilters(scope: Scope): AssessOptions["allPods"] {
  return {
    force: scope.force,
    ignoreDaemonsets: scope.ignoreDaemonsets,
    deleteEmptydirData: scope.deleteEmptydirData || scope.deleteLocalData,
    skipWaitForDeleteTimeout: scope.skipWaitForDeleteTimeout,
  };
}

export interface NodeCheck {
  readonly facts: Facts;
  readonly check: Check;
  readonly assessOptions: AssessOptions;
  /** Who we are for the API server. */
  readonly user: string | undefined;
}

/** Looks at the nodes and tells what a drain would do. Dry-run evictions are asked for where KubeVirt's version makes them safe. */
export async function checkNodes(
  nodes: readonly string[],
  assessOptions: AssessOptions,
  { client, world, signal }: { readonly client: KubeClient; readonly world: World; readonly signal?: AbortSignal },
): Promise<NodeCheck> {
  const user = await currentUser(client, { signal });
  const facts = await observe(client, {
    nodes,
    clock: world.clock,
    allPods: assessOptions.allPods !== undefined,
    dryRunIsSafe: (facts) => capabilitiesOf(facts.versions.kubevirt, facts).dryRunIsSafe,
    stillNeeded: (known) => roomWanted(known, assessOptions),
    user,
    signal,
  });
  return { facts, check: assess(facts, assessOptions), assessOptions, user };
}
