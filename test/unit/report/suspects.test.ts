/** Which nodes look lost, and why. */
import { expect, test } from "vitest";
import { suspectTable } from "../../../lib/report/suspects.ts";

const look = (node: string) => `kubectl vmnode recover ${node} --dry-run`;
const reason =
  "worker-4 has not been silent for long enough: a living host may still write (container status). That can be told at 14:44:51 UTC.";

test("the reason, which says when to ask again, is broken and not cut", () => {
  const suspect = { node: "worker-4", vms: 11, verdict: "undecided", reason } as const;
  expect(suspectTable([suspect], { columns: 60, look })).toEqual([
    "NODE       VMS   VERDICT     WHY",
    "worker-4    11   undecided   worker-4 has not been silent",
    "                             for long enough: a living host",
    "                             may still write (container",
    "                             status). That can be told at",
    "                             14:44:51 UTC.",
    "",
    "The evidence on one of them:",
    "  kubectl vmnode recover worker-4 --dry-run",
  ]);
});
