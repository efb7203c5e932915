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
  /** Flags for the commands that are advised, so that they reach the same cluster. */
  readonly commandFlags?: string | undefined;
}
