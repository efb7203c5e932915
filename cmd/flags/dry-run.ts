/** `--dry-run` with kubectl's values, and what kubectl's result lines end with under each. */
import type { Flags } from "../command.ts";

export const dryRunFlags = {
  dryRun: {
    kind: "choice",
    choices: ["none", "client", "server"],
    default: "none",
    implied: "client",
    description:
      "Must be 'none', 'client' or 'server'. With either of the last two, show what would be done and change nothing.",
  },
} as const satisfies Flags;

export const dryRunSuffix = { none: "", client: " (dry run)", server: " (server dry run)" } as const;
