/** What is said when a node is given back whose host was never off: which VMs may have run twice. */
import type { OperationRecord } from "../model/record.ts";
import { wholeSeconds } from "../model/timestamp.ts";
import { sanitised } from "./sanitise.ts";
import { type Layout, plain, toned } from "./style.ts";
import { wrapSentence } from "./width.ts";
import { vmName } from "./wording.ts";

/** The warning, as lines that fit into `columns`. */
export function neverOffWarning(
  node: string,
  record: OperationRecord,
  { columns, style = plain }: Layout = {},
): string[] {
  const { by, since, assertions = [], vms: recorded } = sanitised(record);
  const vms = recorded.filter(({ unaffected }) => !unaffected);
  const words = assertions.map((one) => `${one.by === by ? "" : `of ${one.by} `}"${one.text}"`);
  const word = words.length === 0 ? "" : `, on the word ${words.join(" and ")}`;
  const lead = `WARNING: ${node} was never off: it still runs the boot in which ${by} declared it lost at ${wholeSeconds(since)}${word}.`;
  return [
    ...toned(style, "bad", wrapSentence(lead, columns)),
    ...(vms.length === 0
      ? []
      : [
          ...wrapSentence("These VMs were started elsewhere then, and may have run twice on the same disks:", columns),
          ...vms.flatMap((vm) => wrapSentence(`  ${vmName(vm)}`, columns)),
        ]),
    ...wrapSentence(
      `The kubelet of ${node} ends its copies when it is back. Look at the disks of each before you trust them.`,
      columns,
    ),
  ];
}
