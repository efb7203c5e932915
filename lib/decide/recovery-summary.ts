/** What is said at the end of a recovery: where each VM runs, which stay down, and what a person must do now. */
import type { Dossier } from "../model/dossier.ts";
import { type ExitCode, exitCode } from "../model/exit-code.ts";
import type { RecoverySummary, VmProgress } from "../model/progress.ts";
import type { RecoverIntent } from "./recover.ts";

/** Whole command lines for a person. */
export interface RecoverCommands {
  /** This command again. */
  readonly again: string;
  /** The evidence alone. */
  readonly look: string;
  readonly uncordon: string;
}

export interface RecoverySummaryInput {
  readonly dossier: Dossier;
  readonly intent: RecoverIntent;
  readonly vms: readonly VmProgress[];
  readonly taintLeft: boolean;
  /** The sign of life that ended it, or who has `withdrawn` that the node is lost; the others as in the summary. */
  readonly life?:
    | {
        readonly reason: string;
        readonly rebooted: boolean;
        readonly condemned: boolean;
        readonly withdrawn?: boolean;
      }
    | undefined;
  /** Why the node could not be judged any more. */
  readonly unreadable?: string | undefined;
  readonly interruptedBy?: ExitCode | undefined;
  readonly commands: RecoverCommands;
}

/** The last event of a recovery, with its exit code. */
export function summariseRecovery(input: RecoverySummaryInput): RecoverySummary {
  const plans = new Map(input.intent.vms.map((vm) => [vm.uid, vm]));
  const inState = (...states: VmProgress["state"][]) => input.vms.filter((vm) => states.includes(vm.state));
  const down = inState("stopped");
  const failed = inState("failed");
  const open = inState("shutting-down", "starting", "migrating", "waiting");
  const scope = new Set(input.intent.vms.map((vm) => vm.uid));
  const held = input.dossier.vms
    .filter((vm) => vm.outcome === "held" && !scope.has(vm.uid))
    .map(({ namespace, name, reason }) => ({ namespace, name, reason }));
  const unexpected = down.filter((vm) => plans.get(vm.uid)?.outcome === "restarts");
  const complete = failed.length + open.length + held.length + unexpected.length === 0;
  return {
    ...endOf(input, complete),
    node: input.intent.node,
    running: inState("restarted", "moved"),
    down,
    failed,
    open,
    held,
    taintLeft: input.taintLeft,
    nextSteps: nextSteps(input, complete, held.length > 0),
  };
}

function endOf(
  { life, unreadable, interruptedBy }: RecoverySummaryInput,
  complete: boolean,
): Pick<RecoverySummary, "end" | "exitCode" | "detail" | "rebooted" | "condemned"> {
  if (life !== undefined) {
    const { reason, rebooted, condemned, withdrawn } = life;
    const end = withdrawn ? "withdrawn" : "alive";
    return { end, exitCode: exitCode.refused, detail: reason, rebooted, condemned };
  }
  if (unreadable !== undefined) return { end: "unreadable", exitCode: exitCode.incomplete, detail: unreadable };
  if (interruptedBy !== undefined) return { end: "interrupted", exitCode: interruptedBy };
  return complete ? { end: "complete", exitCode: exitCode.ok } : { end: "incomplete", exitCode: exitCode.incomplete };
}

function nextSteps(
  { commands, life, taintLeft }: RecoverySummaryInput,
  complete: boolean,
  someAreHeld: boolean,
): RecoverySummary["nextSteps"] {
  const uncordon = (purpose: string) => ({ command: commands.uncordon, purpose });
  if (life !== undefined) {
    const look = { command: commands.look, purpose: "looks at the evidence again" };
    return [look, uncordon("gives the node back, when it is sound")];
  }
  const giveBack = uncordon(
    taintLeft ? "takes our taint and the cordon off, when the node is back" : "gives the node back, when it is back",
  );
  if (complete) return [giveBack];
  const withHeld = {
    command: `${commands.again} --include-held NAMESPACE/NAME`,
    purpose: "takes one along that is held",
  };
  return [
    { command: commands.again, purpose: "takes the recovery up again" },
    ...(someAreHeld ? [withHeld] : []),
    giveBack,
  ];
}
