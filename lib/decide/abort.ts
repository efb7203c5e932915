/**
 * Decides how a drain is undone, in the one order that does not race with KubeVirt's evacuation controller: our taints, the
 * evacuation marks, the unfinished evacuation migrations, and at last our own cordon. What others set is named and left.
 */
import { addressed } from "../assess/addressed.ts";
import { type Evacuation, evacuationOf, isMigrationOf, unseenParts } from "../assess/evacuation.ts";
import { findNode } from "../assess/subjects.ts";
import { type Action, type ActionResult, uidOf } from "../model/action.ts";
import type { Facts, RecordOnNode } from "../model/facts.ts";
import { isBeingDeleted, keyOf, type Node } from "../model/kubernetes.ts";
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from "../model/kubevirt.ts";
import type { Summary } from "../model/progress.ts";
import { recordAnnotation } from "../model/record.ts";
import { type Attempts, isGivenUp, mayTry, noteAttempt, type Persistence, whatWentWrong } from "./attempts.ts";
import { beginUndo, ourTaints, releaseNode } from "./cordon.ts";
import { foreignDrainTaint, untaintingSteps } from "./foreign-taint.ts";

export interface AbortIntent {
  readonly node: string;
  /** The account to impersonate where the server has no evacuate/cancel; only when a person asked for it. */
  readonly impersonate?: string | undefined;
  /** Flags for the commands that are advised, so that they reach the same cluster. */
  readonly commandFlags?: string | undefined;
}

/** What this run has tried, by the UID of the object (the node's UID for its release). */
export interface AbortLedger {
  readonly results: Attempts;
  /** Since when no mark and no new migration has been seen. */
  readonly quietSince?: number | undefined;
}

export interface AbortDecision {
  /** incomplete: everything possible is done, and the view's `failures` say what is left. */
  readonly status: "going" | "done" | "incomplete";
  readonly actions: readonly Action[];
  /** Milliseconds of the API server's clock. */
  readonly wakeAt?: number | undefined;
  /** Why nothing is done now, where that takes long enough to be said. */
  readonly waits?: string | undefined;
  readonly ledger: AbortLedger;
  readonly view: AbortView;
}

/** What an abort finds, for the plan and for the summary. */
export interface AbortView extends Evacuation {
  readonly taints: readonly string[];
  /** Marks that can be taken back, and migrations that would not be made again. */
  readonly cancellable: readonly VirtualMachineInstance[];
  readonly deletable: readonly VirtualMachineInstanceMigration[];
  readonly uncordons: boolean;
  /** Set by others, and left as it is. */
  readonly leftAlone: readonly string[];
  /** Migrations that cannot be stopped any more, as text. */
  readonly endsByItself: readonly string[];
  readonly failures: readonly string[];
  /** What others must do first: what they set, and keeps VMs leaving, is not undone here. */
  readonly nextSteps: Summary["nextSteps"];
}

/**
 * How long nothing new may appear before the undo counts as verified. The evacuation controller goes by a picture of its own that
 * lags behind, and looks again within 5 s (kubevirt pkg/virt-controller/watch/drain/evacuation); and a drain that runs
 * elsewhere has evictions under way when it learns that it is being undone.
 */
const quietTime = 6_000;
const undoing: Persistence = { retryAfter: 2_000, triesUntilGivenUp: 4, finalCodes: [400, 401, 403] };
const longestCancellation = 120_000;

/** One turn of the abort's loop. Pure. */
export function decideAbort(
  facts: Facts,
  found: RecordOnNode,
  intent: AbortIntent,
  ledger: AbortLedger,
): AbortDecision {
  const now = Date.parse(facts.time);
  const node = findNode(facts, intent.node);
  const view = abortView(facts, found, intent, ledger);
  const decide = (status: AbortDecision["status"], actions: readonly Action[], next: Partial<AbortDecision> = {}) => ({
    status,
    actions,
    ledger,
    view,
    ...next,
  });

  const first = node === undefined ? undefined : beginUndo(node, found);
  if (first !== undefined && mayTry(ledger.results[first.uid], now, undoing)) return decide("going", [first]);

  const open = view.cancellable;
  const cancels = open
    .filter((vmi) => mayTry(ledger.results[vmi.metadata.uid], now, undoing))
    .map((vmi) => cancelAction(vmi, intent));
  if (open.length > 0) return decide("going", cancels, { wakeAt: now + undoing.retryAfter });

  const { ending, deletions } = endMigrations(view, ledger, now);
  if (ending.length > 0) {
    const names = ending.map(({ metadata, spec }) => `${metadata.namespace}/${spec.vmiName}`);
    const waits = deletions.length > 0 ? undefined : `for the migrations to end: ${names.join(", ")}`;
    return decide("going", deletions, { wakeAt: now + undoing.retryAfter, waits });
  }

  // Where no drain is on record and nothing of one was found, none can have begun anything.
  const isUntouched = found.kind === "none" && Object.keys(ledger.results).length === 0;
  if (isUntouched && isFree(view)) return decide("done", []);
  const quietSince = ledger.quietSince ?? now;
  const watched = { ...ledger, quietSince };
  if (now < quietSince + quietTime)
    return decide("going", [], {
      wakeAt: quietSince + quietTime,
      waits: `${quietTime / 1000} s, in which KubeVirt must neither mark a VM again nor make a migration`,
      ledger: watched,
    });

  const clean = isFree(view);
  const release =
    node === undefined ? undefined : releaseNode(node, found, { uncordon: view.uncordons, keepRecord: !clean });
  if (release !== undefined && !isGivenUp(ledger.results[release.uid], undoing))
    return decide("going", mayTry(ledger.results[release.uid], now, undoing) ? [release] : [], {
      wakeAt: now + undoing.retryAfter,
      ledger: watched,
    });
  return decide(clean ? "done" : "incomplete", [], { ledger: watched });
}

/** The migrations whose end is waited for, and the requests for it that are due. */
function endMigrations({ deletable }: AbortView, ledger: AbortLedger, now: number) {
  const ending = deletable.filter(
    (migration) =>
      !isGivenUp(ledger.results[migration.metadata.uid], undoing) && !endsTooSlowly(migration, ledger, now),
  );
  const deletions = ending
    .filter((migration) => !isBeingDeleted(migration))
    .filter((migration) => mayTry(ledger.results[migration.metadata.uid], now, undoing))
    .map(deleteAction);
  return { ending, deletions };
}

/** Nothing of a drain is left but, perhaps, its cordon. */
function isFree({ marks, migrations, failures }: AbortView): boolean {
  return marks.length === 0 && migrations.length === 0 && failures.length === 0;
}

/** Everything an abort would do, in its order: what `--dry-run` prints. */
export function abortActions(facts: Facts, found: RecordOnNode, intent: AbortIntent): readonly Action[] {
  const view = abortView(facts, found, intent, { results: {} });
  const node = findNode(facts, intent.node);
  const taints = node === undefined ? undefined : releaseNode(node, found, { uncordon: false, keepRecord: true });
  const withoutTaints = node === undefined ? undefined : withoutOurTaints(node, found);
  const release =
    withoutTaints === undefined ? undefined : releaseNode(withoutTaints, found, { uncordon: view.uncordons });
  return [
    ...(taints === undefined ? [] : [taints]),
    ...view.cancellable.map((vmi) => cancelAction(vmi, intent)),
    ...view.deletable.map(deleteAction),
    ...(release === undefined ? [] : [release]),
  ];
}

function withoutOurTaints(node: Node, found: RecordOnNode): Node {
  return found.kind === "record" && ourTaints(node, found).length > 0
    ? { ...node, spec: { ...node.spec, taints: [] } }
    : node;
}

/** Notes an action's result in the ledger. A mark or a migration that had to be touched starts the quiet time anew. */
export function noteResult(ledger: AbortLedger, action: Action, result: ActionResult, now: number): AbortLedger {
  const results = noteAttempt(ledger.results, uidOf(action), result, now);
  return action.kind === "release-node" ? { ...ledger, results } : { results };
}

function abortView(facts: Facts, found: RecordOnNode, intent: AbortIntent, ledger: AbortLedger): AbortView {
  const node = findNode(facts, intent.node);
  const evacuation = evacuationOf(facts, intent.node);
  const foreign = foreignDrainTaint(facts, found, intent.node);
  const cordonedByUs = found.kind === "record" && found.record.cordonedByUs;
  // The server refuses to take marks back while the node has the drain taint (pkg/virt-api/rest/evacuate_cancel.go).
  const mayCancel = foreign === undefined && (facts.evacuateCancel !== false || intent.impersonate !== undefined);
  const cancellable = mayCancel
    ? evacuation.marks.filter((vmi) => !isGivenUp(ledger.results[vmi.metadata.uid], undoing))
    : [];
  const keptMarks = evacuation.marks.filter((vmi) => !cancellable.includes(vmi));
  return {
    cancellable,
    // Under that taint KubeVirt would make each of them again at once.
    deletable:
      foreign !== undefined ? [] : evacuation.migrations.filter((migration) => !keepsItsMark(migration, keptMarks)),
    taints: node === undefined ? [] : ourTaints(node, found),
    ...evacuation,
    uncordons: cordonedByUs && node?.spec.unschedulable === true,
    leftAlone: [
      ...(foreign === undefined
        ? []
        : [
            `the taint ${foreign} of node/${intent.node}: somebody else set it, and KubeVirt evacuates the node for as long as it is there`,
          ]),
      ...(node?.spec.unschedulable && !cordonedByUs
        ? [
            `the cordon of node/${intent.node}: ${found.kind === "record" ? "it was cordoned before the drain" : "no record says that this program set it"}`,
          ]
        : []),
      ...evacuation.descheduled.map((vmi) => `the mark of ${keyOf(vmi.metadata)}: the descheduler set it`),
    ],
    endsByItself: evacuation.beyondReturn.map(
      ({ metadata, spec }) =>
        `the migration of ${metadata.namespace}/${spec.vmiName}: it is past the point of no return and will end by itself`,
    ),
    failures: failuresOf({ facts, found, intent, ledger, evacuation, node, foreign, mayCancel, keptMarks }),
    nextSteps: untaintingSteps(foreign, intent.node, intent.commandFlags),
  };
}

function failuresOf(scene: {
  readonly facts: Facts;
  readonly found: RecordOnNode;
  readonly intent: AbortIntent;
  readonly ledger: AbortLedger;
  readonly evacuation: Evacuation;
  readonly node: Node | undefined;
  /** KubeVirt's drain taint, where somebody else has set it. */
  readonly foreign: string | undefined;
  readonly mayCancel: boolean;
  readonly keptMarks: readonly VirtualMachineInstance[];
}): string[] {
  const { facts, found, intent, ledger, node, foreign } = scene;
  const { marks, migrations } = scene.evacuation;
  const failures: string[] = [];
  for (const { metadata } of marks) {
    const object = `vmi/${metadata.name} in ${metadata.namespace}`;
    if (foreign !== undefined)
      failures.push(`${object}: KubeVirt does not take its mark back while the node has the taint ${foreign}`);
    else if (!scene.mayCancel)
      failures.push(`${object}: this KubeVirt cannot take an evacuation mark back; it goes on migrating the VM away`);
    else if (isGivenUp(ledger.results[metadata.uid], undoing))
      failures.push(
        `${object}: ${whatWentWrong(ledger.results[metadata.uid]) ?? "its mark is still there"}${rightsFor(ledger, metadata.uid)}`,
      );
  }
  for (const migration of migrations) {
    const { metadata } = migration;
    const object = `virtualmachineinstancemigration/${metadata.name} in ${metadata.namespace}`;
    if (endsTooSlowly(migration, ledger, Date.parse(facts.time)))
      failures.push(`${object}: is being cancelled, but has not ended yet`);
    else if (isGivenUp(ledger.results[metadata.uid], undoing))
      failures.push(`${object}: ${whatWentWrong(ledger.results[metadata.uid]) ?? "it is still there"}`);
    else if (foreign !== undefined || keepsItsMark(migration, scene.keptMarks))
      failures.push(`${object}: left alone, because KubeVirt would make it again`);
  }
  failures.push(...unseenParts(facts));
  if (found.kind === "damaged" || found.kind === "newer")
    failures.push(
      `node/${intent.node}: its record cannot be understood and stays, and so does the cordon; when both are settled by hand: ${addressed(`kubectl annotate node ${intent.node} ${recordAnnotation}-`, intent.commandFlags)}`,
    );
  if (node !== undefined && isGivenUp(ledger.results[node.metadata.uid], undoing))
    failures.push(
      `node/${intent.node}: ${whatWentWrong(ledger.results[node.metadata.uid]) ?? "it could not be changed"}`,
    );
  return failures;
}

/** The API server and virt-api look at two different names of one right, and the second does not say so. */
function rightsFor(ledger: AbortLedger, uid: string): string {
  const result = ledger.results[uid]?.result;
  if (result?.kind !== "refused" || (result.code !== 401 && result.code !== 403)) return "";
  const resources = ["evacuate", "evacuate/cancel"].map((name) => `virtualmachineinstances/${name}`);
  return ` (needs "update" on ${resources.join(" and ")} in subresources.kubevirt.io)`;
}

/** A migration in phase Running is cancelled by its source's virt-handler, which takes a moment; after two minutes that is said. */
function endsTooSlowly(migration: VirtualMachineInstanceMigration, ledger: AbortLedger, now: number): boolean {
  const entry = ledger.results[migration.metadata.uid];
  return entry !== undefined && now > entry.at + longestCancellation;
}

/** A migration of a VMI whose mark could not be taken back would only be made again. */
function keepsItsMark(migration: VirtualMachineInstanceMigration, marks: readonly VirtualMachineInstance[]): boolean {
  return marks.some((vmi) => isMigrationOf(migration, vmi));
}

function cancelAction(vmi: VirtualMachineInstance, intent: AbortIntent): Action {
  const { namespace, name, uid } = vmi.metadata;
  return {
    kind: "cancel-evacuation",
    vmi: { namespace, name, uid },
    node: intent.node,
    impersonate: intent.impersonate,
  };
}

function deleteAction(migration: VirtualMachineInstanceMigration): Action {
  const { namespace, name, uid } = migration.metadata;
  return { kind: "delete-migration", migration: { namespace, name, uid } };
}
