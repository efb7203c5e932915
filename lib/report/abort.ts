/** The undo of a drain in words: what it would do, and what it could not do. */
import type { AbortView } from "../decide/abort.ts";
import type { RecordOnNode } from "../model/facts.ts";
import type { AbortSummary } from "../model/progress.ts";
import { wholeSeconds } from "../model/timestamp.ts";
import { sanitised } from "./sanitise.ts";
import { stepLines } from "./steps.ts";
import { type Layout, plain, type Style, toned } from "./style.ts";
import { wrapSentence } from "./width.ts";
import { count, vmName } from "./wording.ts";

/** What was found, and what will be undone; `record` is the one on the node, without which some things are assumed. */
export function abortPlan(
  node: string,
  record: RecordOnNode,
  work: AbortView,
  { style = plain, columns }: Layout = {},
): string[] {
  const [found, view] = sanitised([record, work] as const);
  const broken = (line: string) => wrapSentence(line, columns);
  const marks = view.cancellable.map((vmi) => vmName(vmi.metadata));
  const migrations = view.deletable.map(({ metadata, spec }) =>
    vmName({ namespace: metadata.namespace, name: spec.vmiName }),
  );
  const steps = [
    ...view.taints.map((taint) => `take off our taint ${taint}`),
    ...(marks.length > 0 ? [`take back ${count(marks.length, "evacuation mark")}: ${marks.join(", ")}`] : []),
    ...(migrations.length > 0
      ? [`cancel ${count(migrations.length, "unfinished migration")}: ${migrations.join(", ")}`]
      : []),
    ...(view.uncordons ? ["uncordon the node, because the drain cordoned it"] : []),
  ];
  const done =
    steps.length === 0 ? ["Nothing is left to undo."] : ["Will be undone:", ...steps.map((step) => `  ${step}`)];
  return [
    ...broken(recordLine(node, found)),
    ...(steps.length === 0 && view.failures.length > 0 ? [] : done.flatMap(broken)),
    ...(view.failures.length === 0
      ? []
      : [style("bad", "Cannot be undone:"), ...failureLines(view.failures, style, columns)]),
    ...leftAloneLines([...view.leftAlone, ...view.endsByItself], style, columns),
    ...stepLines(view.nextSteps, columns),
  ];
}

/** How the undo ended, and what is left. */
export function abortResult(found: AbortSummary, { style = plain, columns }: Layout = {}): string[] {
  const { node, end, failures, nextSteps, ...summary } = sanitised(found);
  const ends = {
    complete: style("good", `The drain of ${node} is undone.`),
    incomplete: style("bad", `The drain of ${node} is not undone completely${failures.length > 0 ? ":" : "."}`),
    interrupted: style("warn", `Interrupted: the drain of ${node} is not undone${failures.length > 0 ? ":" : "."}`),
  };
  return [
    ends[end],
    ...failureLines(failures, style, columns),
    ...leftAloneLines(summary.leftAlone, style, columns),
    ...goneLines(summary.gone, style, columns),
    ...stepLines(nextSteps, columns),
  ];
}

function failureLines(failures: readonly string[], style: Style, columns: number | undefined): string[] {
  return failures.flatMap((failure) => toned(style, "bad", wrapSentence(`  ${failure}`, columns)));
}

function recordLine(node: string, found: RecordOnNode): string {
  switch (found.kind) {
    case "record": {
      const { kind, by, since, reason } = found.record;
      return `node/${node}: ${kind} by ${by} since ${wholeSeconds(since)}${reason === undefined ? "" : ` (${reason})`}`;
    }
    case "none":
      return `node/${node} carries no record of a drain. Assumed: marks and evacuation migrations of this node belong to one; its cordon does not.`;
    case "damaged":
      return `node/${node} carries a record that cannot be read, and is not guessed: ${found.text}`;
    case "newer":
      return `node/${node} carries a record of a newer version (${found.version}) of this program: ${found.text}`;
  }
}

function leftAloneLines(texts: readonly string[], style: Style, columns: number | undefined): string[] {
  return texts.flatMap((text) => toned(style, "faint", wrapSentence(`Left as it is: ${text}`, columns)));
}

function goneLines(vms: readonly string[], style: Style, columns: number | undefined): string[] {
  if (vms.length === 0) return [];
  const text = `${count(vms.length, "VM")} left meanwhile: ${vms.join(", ")}`;
  return toned(style, "warn", wrapSentence(text, columns));
}
