/** Carries out a recovery that was consented to, one gated step after the other, until each VM runs or is known not to. */
import { gateOf } from "../assess/liveness.ts";
import { outOfServiceTaint } from "../assess/recovery.ts";
import { declareLost, releaseNode } from "../decide/cordon.ts";
import { emptyLedger } from "../decide/ledger.ts";
import { decideRecover, noteTried, type RecoverIntent, type RecoverLedger } from "../decide/recover.ts";
import { summariseRecovery } from "../decide/recovery-summary.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Action, ActionResult } from "../model/action.ts";
import type { Clock } from "../model/clock.ts";
import type { Dossier } from "../model/dossier.ts";
import { ExpectedError, InterruptedError } from "../model/errors.ts";
import { exitCode } from "../model/exit-code.ts";
import type { LostNodeFacts } from "../model/lost-node.ts";
import type { DrainProgress, RecoverySummary, Reporter, VmProgress } from "../model/progress.ts";
import { readRecovery } from "../observe/recovery-picture.ts";
import { readSigns } from "../observe/signs.ts";
import { changesOf } from "./abort-node.ts";
import { recordDeclaration } from "./assertion-events.ts";
import { changeNode, describe } from "./cordon-nodes.ts";
import { perform } from "./perform.ts";

export interface RecoverWorld {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

export interface ConfirmedRecovery {
  readonly lost: LostNodeFacts;
  readonly dossier: Dossier;
  readonly intent: RecoverIntent;
  readonly by: string;
  /** What a person declared; undefined where the node's death is proven. */
  readonly assertion: string | undefined;
}

/** How long a reading may be old when a destructive call is sent that rests on it. */
const gateAgeMs = 1_000;
const lookEveryMs = 1_000;
/** A reading that fails is tried again this often; meanwhile nothing is destroyed. */
const readingsAtMost = 5;

/** Cleans up after the node and follows its VMs. Any sign of life takes our taint off and stops everything. */
export async function recoverNode(world: RecoverWorld, recovery: ConfirmedRecovery): Promise<RecoverySummary> {
  return await new RecoveryRun(world, recovery).run();
}

/** Thrown inside the run, to end it: the node lives, or can no longer be judged. */
class Stop extends Error {
  readonly life: boolean;

  constructor(reason: string, life: boolean) {
    super(reason);
    this.life = life;
  }
}

class RecoveryRun {
  private readonly world: RecoverWorld;
  private readonly recovery: ConfirmedRecovery;
  private ledger: RecoverLedger;
  private vms: readonly VmProgress[] = [];
  private time: string;
  /** Our own clock's time of the latest reading that showed no life. */
  private gateOpenedAt = Number.NEGATIVE_INFINITY;
  private unread = 0;
  private tainted = false;

  constructor(world: RecoverWorld, recovery: ConfirmedRecovery) {
    this.world = world;
    this.recovery = recovery;
    this.time = recovery.lost.facts.time;
    this.ledger = { ...emptyLedger(Date.parse(this.time)), tried: {} };
  }

  async run(): Promise<RecoverySummary> {
    try {
      await this.declare();
      await this.follow();
      return this.summary({});
    } catch (error) {
      if (error instanceof Stop) return await this.stopped(error);
      if (this.world.signal.aborted) return this.interrupted();
      throw error;
    }
  }

  /** Cordon, record and taint in one write; then the words of the declaration, beside the work. */
  private async declare(): Promise<void> {
    const { dossier, lost, intent, by, assertion } = this.recovery;
    const vms = intent.vms.map(({ namespace, name, uid }) => ({ namespace, name, uid }));
    const since = lost.facts.time;
    await this.passGate();
    if (dossier.nodeUid !== undefined) {
      const taint = intent.method === "taint" ? outOfServiceTaint : undefined;
      const { result, node } = await changeNode(
        this.world.client,
        { name: intent.node, uid: dossier.nodeUid },
        (current, found) => declareLost(current, found, { by, since, vms, assertion, taint }),
      );
      if (result.kind !== "done")
        throw new ExpectedError(`unable to declare node "${intent.node}" lost: ${describe(result)}`, {
          hint: "no pod was removed",
        });
      this.tainted = taint !== undefined;
      this.world.reporter.event({
        type: "node-cordoned",
        time: since,
        node: intent.node,
        already: node.spec.unschedulable,
      });
      if (this.tainted) this.tellChange(`node/${intent.node}`, `tainted (${outOfServiceTaint.key})`);
    }
    const node = { name: intent.node, uid: dossier.nodeUid };
    recordDeclaration(this.world.client, { node, vms, by, assertion, time: since }).then(
      (failures) => {
        for (const message of failures) this.warn(message);
      },
      (error: unknown) => this.warn(String(error)),
    );
  }

  private async follow(): Promise<void> {
    const { clock, signal, reporter } = this.world;
    for (;;) {
      signal.throwIfAborted();
      await this.passGate();
      const picture = await this.read();
      if (picture !== undefined) {
        this.time = picture.facts.time;
        const decision = decideRecover(picture, this.recovery.intent, this.ledger);
        this.ledger = decision.ledger;
        this.tellVms(decision.vms);
        reporter.progress(this.progress());
        if (decision.actions.length > 0) await this.carryOut(decision.actions);
        else if (decision.status === "done") return;
      }
      await clock.sleep(lookEveryMs, signal);
    }
  }

  /** A picture, or undefined when it could not be had this time. */
  private async read() {
    try {
      const picture = await readRecovery(
        this.world.client,
        this.recovery.lost.facts,
        this.recovery.intent.vms,
        this.world.signal,
      );
      this.unread = 0;
      return picture;
    } catch (error) {
      this.noteUnread(error);
      return undefined;
    }
  }

  /** Nothing is destroyed on an old reading: the node is read again if the last word on it is older than a second. */
  private async carryOut(actions: readonly Action[]): Promise<void> {
    if (this.world.clock.now().getTime() - this.gateOpenedAt > gateAgeMs) await this.passGate();
    const results = await Promise.all(
      actions.map(async (action): Promise<readonly [Action, ActionResult]> => {
        if (action.kind === "evict") return [action, { kind: "nothing-to-do", detail: "" }];
        return [action, await perform(this.world.client, action)];
      }),
    );
    for (const [action, result] of results) {
      this.ledger = noteTried(this.ledger, action, result, Date.parse(this.time));
      const [change] = changesOf(action);
      if (change === undefined) continue;
      if (result.kind === "done") this.tellChange(change.object, change.verb);
      else if (result.kind !== "nothing-to-do") this.warn(`${change.object}: ${describe(result)}`);
    }
  }

  /** Reads Node and Lease afresh. Throws Stop at any sign of life, and when they cannot be read any more. */
  private async passGate(): Promise<void> {
    for (;;) {
      this.world.signal.throwIfAborted();
      const fresh = await readSigns(this.world.client, this.recovery.intent.node, this.world);
      const gate = gateOf(this.recovery.lost.signs, fresh);
      if (gate.kind === "life") throw new Stop(gate.reason, true);
      if (gate.kind === "open") {
        this.unread = 0;
        this.gateOpenedAt = this.world.clock.now().getTime();
        return;
      }
      this.noteUnread(new ExpectedError(gate.reason));
      await this.world.clock.sleep(lookEveryMs, this.world.signal);
    }
  }

  private noteUnread(error: unknown): void {
    if (!(error instanceof ExpectedError) || error instanceof InterruptedError) throw error;
    this.unread += 1;
    if (this.unread === 1) this.warn(error.message);
    if (this.unread >= readingsAtMost) throw new Stop(error.message, false);
  }

  /** Life: our taint must not stay a moment longer. The cordon and the record stay, to tell what was done. */
  private async stopped(stop: Stop): Promise<RecoverySummary> {
    const { node } = this.recovery.intent;
    if (!stop.life || !this.tainted) return this.summary({ [stop.life ? "life" : "unreadable"]: stop.message });
    const { result } = await changeNode(this.world.client, { name: node }, (current, found) =>
      releaseNode(current, found, { uncordon: false, keepRecord: true }),
    );
    if (result.kind === "done") {
      this.tainted = false;
      this.tellChange(`node/${node}`, `untainted (${outOfServiceTaint.key})`);
    } else this.warn(`our taint is still on node/${node}: ${describe(result)}`);
    return this.summary({ life: stop.message });
  }

  private interrupted(): RecoverySummary {
    const { reason } = this.world.signal;
    return this.summary({ interruptedBy: reason instanceof InterruptedError ? reason.exitCode : exitCode.interrupted });
  }

  private summary(end: {
    life?: string;
    unreadable?: string;
    interruptedBy?: RecoverySummary["exitCode"];
  }): RecoverySummary {
    const { dossier, intent } = this.recovery;
    const summary = summariseRecovery({ dossier, intent, vms: this.vms, taintLeft: this.tainted, ...end });
    this.world.reporter.event({ type: "summary", operation: "recover", time: this.time, ...summary });
    return summary;
  }

  private progress(): DrainProgress {
    const { lost, intent } = this.recovery;
    return {
      operation: "recover",
      nodes: [intent.node],
      startedAt: lost.facts.time,
      time: this.time,
      vms: this.vms,
      pods: [],
      limits: { perNode: 0, perCluster: 0 },
      trouble: [],
      phase: "evicting",
    };
  }

  private tellVms(vms: readonly VmProgress[]): void {
    const before = new Map(this.vms.map((vm) => [vm.uid, vm]));
    for (const vm of vms) {
      const earlier = before.get(vm.uid);
      if (earlier?.state === vm.state && earlier.detail === vm.detail) continue;
      this.world.reporter.event({
        type: "vm",
        time: this.time,
        vm,
        change: earlier?.state === vm.state ? "detail" : "state",
      });
    }
    this.vms = vms;
  }

  private tellChange(object: string, verb: string): void {
    this.world.reporter.event({ type: "changed-object", time: this.time, object, verb });
  }

  private warn(message: string): void {
    this.world.reporter.event({ type: "warning", time: this.time, message });
  }
}
