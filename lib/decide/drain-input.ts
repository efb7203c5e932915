/** What a turn of the drain's loop is decided from. */
import type { Facts } from "../model/facts.ts";
import type { Check } from "../model/verdict.ts";
import type { DrainIntent } from "./intent.ts";
import type { Ledger } from "./ledger.ts";

export interface DrainInput {
  readonly facts: Facts;
  readonly check: Check;
  readonly intent: DrainIntent;
  readonly ledger: Ledger;
  /** RFC 3339: when the drain began. */
  readonly startedAt: string;
  readonly trouble: readonly string[];
  /** Nothing is heard of the cluster at the moment: what seems to last there may be over. */
  readonly outdated?: boolean | undefined;
  /** Flags for the commands that are advised, so that they reach the same cluster. */
  readonly commandFlags?: string | undefined;
}
