/** The nodes that look lost, with what their signs of life say at first sight. */
import type { SuspectItem } from "./machine.ts";
import { sanitise } from "./sanitise.ts";
import { type Layout, plain } from "./style.ts";
import { table } from "./table.ts";
import { padRight, width, wrapSentence } from "./width.ts";

export interface SuspectOptions extends Layout {
  /** The command that shows the evidence on a node. */
  readonly look: (node: string) => string;
}

/** The lines of `recover` without a node. */
export function suspectTable(
  suspects: readonly Pick<SuspectItem, "node" | "vms" | "verdict" | "reason">[],
  options: SuspectOptions,
): string[] {
  const { columns, style = plain, look } = options;
  if (suspects.length === 0) return [style("good", "No node looks lost: all are Ready.")];
  const rows = suspects.map(({ node, vms, verdict }) => [node, vms, verdict]);
  const lines = table(["NODE", { header: "VMS", align: "right" }, "VERDICT"], rows);
  const indent = Math.max(...lines.map(width)) + 3;
  const whys = ["WHY", ...suspects.map(({ reason }) => sanitise(reason))];
  const [first] = suspects;
  return [
    ...lines.flatMap((line, at) => wrapSentence(padRight(line, indent) + whys[at], columns, indent)),
    "",
    ...wrapSentence(`The evidence on one of them: ${look(first?.node ?? "NODE")}`, columns),
  ];
}
