/** What every part of an operation acts through. */
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";

export interface ActWorld {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Aborted by Ctrl-C or a signal; its reason is an InterruptedError. */
  readonly signal: AbortSignal;
}
