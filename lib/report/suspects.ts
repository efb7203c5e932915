/** The nodes that look lost, with what their signs of life say at first sight. */
import type { SuspectItem } from "./machine.ts";
import { type Layout, plain } from "./style.ts";
import { table } from "./table.ts";
import { wrapSentence } from "./width.ts";

export interface SuspectOptions extends Layout {
  /** The command that shows the evidence on a node. */
  readonly look: (node: string) => string;
}

/** The lines of `recover` without a node. */
export function suspectTable(suspects: readonly SuspectItem[], options: SuspectOptions): string[] {
  const { columns, style = plain, look } = options;
  if (suspects.length === 0) return [style("good", "No node looks lost: all are Ready.")];
  const rows = suspects.map(({ node, vms, verdict, reason }) => [node, vms, verdict, reason]);
  const [first] = suspects;
  return [
    ...table(["NODE", { header: "VMS", align: "right" }, "VERDICT", { header: "WHY", elastic: true }], rows, {
      columns,
      style,
    }),
    "",
    ...wrapSentence(`The evidence on one of them: ${look(first?.node ?? "NODE")}`, columns),
  ];
}
