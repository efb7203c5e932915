/** How an operation goes: the state of each VM as it is shown, and the events that people and machines read. */

import type { ExitCode } from "./exit-code.ts";
import type { FindingCode } from "./finding.ts";

/**
 * Where a VM stands on its way off the node. Derived anew from each picture; nothing of it is remembered.
 * queued: marked, its migration waits for a slot. blocked: cannot leave. held: waits for something that must end first.
 */
export type VmState =
  | "waiting"
  | "queued"
  | "migrating"
  | "shutting-down"
  | "starting"
  | "held"
  | "blocked"
  | "moved"
  | "restarted"
  | "stopped"
  | "failed"
  | "left-behind";

export interface VmProgress {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The node that is drained. */
  readonly node: string;
  readonly pod: string;
  readonly state: VmState;
  /** When this state began, RFC 3339; the moment it was first seen where the cluster does not tell. */
  readonly since: string;
  /** The migration's phase. */
  readonly phase?: string | undefined;
  /** The node it goes to, or now runs on. */
  readonly target?: string | undefined;
  /** One plain sentence: why it waits, is blocked, or failed. */
  readonly detail?: string | undefined;
  /** The finding that the detail comes from. */
  readonly code?: FindingCode | undefined;
  /** When the waiting ends, RFC 3339. */
  readonly until?: string | undefined;
  readonly fix?: string | undefined;
  /** Seconds from its eviction to its end state. */
  readonly seconds?: number | undefined;
}

export interface OtherPodProgress {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly state: "waiting" | "terminating" | "gone" | "blocked";
  /** It attaches a volume to a VM and goes with it: nobody evicts it. */
  readonly goesWithVm?: boolean | undefined;
  readonly detail?: string | undefined;
}

/** What is new about a VM, the weightiest first: its state, the node it goes to, its migration's phase, or why it waits. */
export type VmChange = "state" | "target" | "phase" | "detail";

/** Everything a view of a running drain needs. */
export interface DrainProgress {
  /** A drain when absent. */
  readonly operation?: "recover" | undefined;
  readonly nodes: readonly string[];
  /** RFC 3339. */
  readonly startedAt: string;
  readonly time: string;
  readonly vms: readonly VmProgress[];
  readonly pods: readonly OtherPodProgress[];
  readonly limits: { readonly perNode: number; readonly perCluster: number; readonly maxParallel?: number | undefined };
  /** What cannot be reached at the moment (API server, a list that is forbidden), said once. */
  readonly trouble: readonly string[];
  readonly phase: "cordoning" | "evicting" | "verifying" | "done" | "stuck" | "interrupted" | "timed-out";
  /** When a stuck drain gives up, RFC 3339. */
  readonly givesUpAt?: string | undefined;
}

/** One line of `-o json`; `time` is RFC 3339 by the API server's clock. */
export type ProgressEvent = { readonly time: string } & (
  | {
      readonly type: "node-cordoned" | "node-uncordoned";
      readonly node: string;
      readonly already: boolean;
      readonly dryRun?: boolean | undefined;
    }
  | {
      readonly type: "eviction-requested";
      readonly node: string;
      readonly namespace: string;
      readonly pod: string;
      readonly vm?: string | undefined;
      /** 1 for the first request about this pod. */
      readonly attempt: number;
    }
  | {
      readonly type: "eviction-refused";
      readonly node: string;
      readonly namespace: string;
      readonly pod: string;
      readonly vm?: string | undefined;
      readonly code: number;
      readonly message: string;
      readonly final: boolean;
    }
  | {
      readonly type: "vm";
      /** A drain when absent. */
      readonly operation?: "recover" | undefined;
      readonly vm: VmProgress;
      readonly change?: VmChange | undefined;
    }
  | { readonly type: "pod-evicted"; readonly node: string; readonly namespace: string; readonly pod: string }
  | {
      readonly type: "changed-object";
      readonly object: string;
      readonly verb: string;
      readonly dryRun?: boolean | undefined;
    }
  /** What it waits for, as the rest of a sentence: `for the end of …`. */
  | { readonly type: "waiting"; readonly message: string }
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "node-drained"; readonly node: string }
  | ({ readonly type: "summary"; readonly operation?: undefined } & (Summary | Failed<Summary>))
  | ({ readonly type: "summary"; readonly operation: "recover" } & (RecoverySummary | Failed<RecoverySummary>))
  | ({ readonly type: "summary"; readonly operation: "abort" } & (AbortSummary | Failed<AbortSummary>))
  | ({ readonly type: "summary"; readonly operation: "uncordon" } & (UncordonSummary | Failed<UncordonSummary>))
);

/** As far as the operation had come when an error ended it; people are told the error itself. */
type Failed<Told> = Omit<Told, "end"> & { readonly end: "failed"; readonly error: string };

export interface Summary {
  readonly exitCode: ExitCode;
  readonly nodes: readonly {
    readonly name: string;
    readonly drained: boolean;
    readonly moved: readonly VmProgress[];
    readonly restarted: readonly VmProgress[];
    readonly stopped: readonly VmProgress[];
    readonly failed: readonly VmProgress[];
    readonly stillThere: readonly VmProgress[];
    /** Other pods that were to leave and have not (--all-pods). */
    readonly podsLeft: readonly OtherPodProgress[];
    /** Running VMs outside a narrowing selector. */
    readonly outsideSelection: number;
    /** Undefined where it could not be read. */
    readonly otherPods?: number | undefined;
    readonly attachedVolumes?: number | undefined;
    readonly mayPowerOff: boolean;
    /** Why it may not be powered off, or what could not be verified. */
    readonly powerOffDetail?: string | undefined;
  }[];
  /** Why it ended; absent where there is only one way. */
  readonly end?:
    | "complete"
    | "left-behind"
    | "stuck"
    | "timed-out"
    | "interrupted"
    | "stopped"
    | "unverified"
    | undefined;
  /** What somebody else did that stopped it. */
  readonly stoppedBy?: string | undefined;
  /** VMs with which KubeVirt goes on by itself: marked, migrating or being shut down. */
  readonly goesOn?: readonly VmProgress[] | undefined;
  /** Commands with which to go on, or to go back. */
  readonly nextSteps: readonly { readonly command: string; readonly purpose: string }[];
}

/** The end of a recovery. */
export interface RecoverySummary {
  readonly exitCode: ExitCode;
  readonly node: string;
  /** Why it ended. alive: the node showed life. withdrawn: somebody took back that it is lost. unreadable: it could not be judged any more. */
  readonly end: "complete" | "incomplete" | "alive" | "withdrawn" | "unreadable" | "interrupted";
  /** What was seen that ended it. */
  readonly detail?: string | undefined;
  /** They run elsewhere. */
  readonly running: readonly VmProgress[];
  /** They stay down, each with its reason and the command for a person. */
  readonly down: readonly VmProgress[];
  readonly failed: readonly VmProgress[];
  /** Not at their end yet. */
  readonly open: readonly VmProgress[];
  /** VMs that were not touched, because a person must decide. */
  readonly held: readonly { readonly namespace: string; readonly name: string; readonly reason: string }[];
  /** Our taint is still on the node, or may be. */
  readonly taintLeft: boolean;
  /** The node that showed life has booted since: the guests that ran there before have ended. */
  readonly rebooted?: boolean | undefined;
  /** The node bore the out-of-service taint when it showed life: Kubernetes ends the pods that it found there. */
  readonly condemned?: boolean | undefined;
  readonly nextSteps: readonly { readonly command: string; readonly purpose: string }[];
}

/** The end of an undo. */
export interface AbortSummary {
  readonly exitCode: ExitCode;
  readonly node: string;
  readonly end: "complete" | "incomplete" | "interrupted";
  readonly dryRun?: boolean | undefined;
  /** What could not be undone, and why. */
  readonly failures: readonly string[];
  /** What others set, or what cannot be stopped any more. */
  readonly leftAlone: readonly string[];
  /** VMs, `namespace/name`, that were there when it began and are not any more. */
  readonly gone: readonly string[];
  readonly nextSteps: Summary["nextSteps"];
}

/** The end of giving nodes back. */
export interface UncordonSummary {
  readonly exitCode: ExitCode;
  readonly dryRun?: boolean | undefined;
  readonly nodes: readonly {
    readonly name: string;
    /** KubeVirt, too, places VMs there; undefined where that was not waited for. */
    readonly takesVms?: boolean | undefined;
    /** VMs, `namespace/name`, that KubeVirt still moves away. */
    readonly leaving: readonly string[];
    /** False where the end came before it was given back. */
    readonly uncordoned?: false | undefined;
  }[];
  /** Why it ended before its time. */
  readonly end?: "interrupted" | undefined;
  readonly nextSteps: Summary["nextSteps"];
}

/** Whoever shows an operation: a live view, plain lines, or JSON lines. */
export interface Reporter {
  event(event: ProgressEvent): void;
  progress(progress: DrainProgress): void;
}
