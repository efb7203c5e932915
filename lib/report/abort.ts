/** The undo of a drain in words: what it would do, and what it could not do. */
import type { AbortView } from "../decide/abort.ts";
import type { RecordOnNode } from "../model/facts.ts";
import { sanitised } from "./sanitise.ts";
import { plain, type Style } from "./style.ts";
import { count, vmName } from "./wording.ts";

/** What was found, and what will be undone; `record` is the one on the node, without which some things are assumed. */
export function abortPlan(node: string, record: RecordOnNode, work: AbortView, style: Style = plain): string[] {
  const [found, view] = sanitised([record, work] as const);
  const marks = view.marks.map((vmi) => vmName(vmi.metadata));
  const lines = [recordLine(node, found)];
  const steps = [
    ...view.taints.map((taint) => `take off our taint ${taint}`),
    ...(marks.length > 0 ? [`take back ${count(marks.length, "evacuation mark")}: ${marks.join(", ")}`] : []),
    ...(view.migrations.length > 0
      ? [
          `cancel ${count(view.migrations.length, "unfinished migration")}: ${view.migrations
            .map((migration) => vmName({ namespace: migration.metadata.namespace, name: migration.spec.vmiName }))
            .join(", ")}`,
        ]
      : []),
    ...(view.uncordons ? ["uncordon the node, because the drain cordoned it"] : []),
  ];
  lines.push(
    ...(steps.length === 0 ? ["Nothing is left to undo."] : ["Will be undone:", ...steps.map((step) => `  ${step}`)]),
  );
  return [...lines, ...leftAlone(view, style)];
}

/** What was left as it is, what is past the point of no return, and what failed. */
export function abortResult(node: string, work: AbortView, complete: boolean, style: Style = plain): string[] {
  const view = sanitised(work);
  const failures = view.failures.map((failure) => style("bad", failure));
  if (complete) return [style("good", `The drain of ${node} is undone.`), ...leftAlone(view, style)];
  return [
    style("bad", `The drain of ${node} is not undone completely:`),
    ...failures.map((failure) => `  ${failure}`),
    ...leftAlone(view, style),
    `The same command takes it up again: kubectl vmnode abort ${node}`,
  ];
}

function recordLine(node: string, found: RecordOnNode): string {
  switch (found.kind) {
    case "record": {
      const { kind, by, since, reason } = found.record;
      return `node/${node}: ${kind} by ${by} since ${since}${reason === undefined ? "" : ` (${reason})`}`;
    }
    case "none":
      return `node/${node} carries no record of a drain. Assumed: marks and evacuation migrations of this node belong to one; its cordon does not.`;
    case "damaged":
      return `node/${node} carries a record that cannot be read, and is not guessed: ${found.text}`;
    case "newer":
      return `node/${node} carries a record of a newer version (${found.version}) of this program: ${found.text}`;
  }
}

function leftAlone(view: AbortView, style: Style): string[] {
  const ending = view.beyondReturn.map(
    (migration) =>
      `the migration of ${migration.metadata.namespace}/${migration.spec.vmiName}: it is past the point of no return and will end by itself`,
  );
  return [...view.leftAlone, ...ending].map((text) => style("faint", `Left as it is: ${text}`));
}
