/** What the parts of a drain share: the world it runs in, and what was confirmed. */
import type { AssessOptions } from "../assess/check.ts";
import type { DrainCommands } from "../decide/drain-summary.ts";
import type { DrainIntent } from "../decide/intent.ts";
import type { VmOnItsWay } from "../decide/vm-progress.ts";
import type { Facts } from "../model/facts.ts";
import type { Pod } from "../model/kubernetes.ts";
import type { Reporter } from "../model/progress.ts";
import type { Check } from "../model/verdict.ts";
import type { ActWorld } from "./world.ts";

export interface DrainWorld extends ActWorld {
  readonly reporter: Reporter;
  /** Asks a person about VMs whose outcome is no longer what was confirmed; absent where nobody can be asked. */
  readonly confirmAgain?: ((vms: readonly VmOnItsWay[]) => Promise<boolean>) | undefined;
}

export interface ConfirmedDrain {
  readonly facts: Facts;
  readonly check: Check;
  readonly intent: DrainIntent;
  readonly assessOptions: AssessOptions;
  /** Whether a launcher pod belongs to the drain; always true without --pod-selector. */
  readonly isSelected: (pod: Pod) => boolean;
  readonly by: string;
  readonly reason?: string | undefined;
  /** What is advised at the end. */
  readonly commands: DrainCommands;
}
