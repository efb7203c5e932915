/** Carries out a recovery that was consented to, one gated step after the other, until each VM runs or is known not to. */
import { addressed } from "../assess/addressed.ts";
import { eventObject } from "../assess/event-object.ts";
import { outOfServiceTaint } from "../assess/out-of-service.ts";
import { emptyLedger } from "../decide/ledger.ts";
import {
  asFarAsIsKnown,
  decideRecover,
  heldMeanwhile,
  noteTried,
  notLookedAt,
  type RecoverIntent,
  type RecoverLedger,
} from "../decide/recover.ts";
import { type RecoverCommands, type RecoverySummaryInput, summariseRecovery } from "../decide/recovery-summary.ts";
import { type Action, type ActionResult, uidOf } from "../model/action.ts";
import type { Dossier } from "../model/dossier.ts";
import { failureOf, InterruptedError, RefusedError } from "../model/errors.ts";
import { exitCode } from "../model/exit-code.ts";
import { keyOf } from "../model/kubernetes.ts";
import type { LostNodeFacts } from "../model/lost-node.ts";
import type { DrainProgress, RecoverySummary, Reporter, VmProgress } from "../model/progress.ts";
import type { RecordedVm } from "../model/record.ts";
import { type RecoveryReading, readRecovery } from "../observe/recovery-picture.ts";
import { changesOf, resultText } from "./action-words.ts";
import { type DeclaredLost, recordOnNode, recordOnVms } from "./assertion-events.ts";
import { LifeGate, Patience, Stop } from "./life-gate.ts";
import { LossDeclaration } from "./loss-declaration.ts";
import { perform } from "./perform.ts";
import type { ActWorld } from "./world.ts";

export interface RecoverWorld extends ActWorld {
  readonly reporter: Reporter;
}

export interface ConfirmedRecovery {
  readonly lost: LostNodeFacts;
  readonly dossier: Dossier;
  readonly intent: RecoverIntent;
  readonly commands: RecoverCommands;
  readonly by: string;
  /** What a person declared; undefined where the node's death is proven. */
  readonly assertion: string | undefined;
}

type RecoveryEnd = Pick<RecoverySummaryInput, "life" | "unreadable" | "interruptedBy">;

const lookEveryMs = 1_000;
/** Where nothing has happened for a while, it is looked less often; for signs of life, as often as ever. */
const quietAfterMs = 30_000;
const quietLookEveryMs = 3_000;
/** How long nobody minds to wait: for what is written down, and for the last answers after Ctrl-C. */
const momentMs = 2_000;

/** Cleans up after the node and follows its VMs. Any sign of life takes our taint off and stops everything. */
export async function recoverNode(world: RecoverWorld, recovery: ConfirmedRecovery): Promise<RecoverySummary> {
  return await new RecoveryRun(world, recovery).run();
}

class RecoveryRun {
  readonly #world: RecoverWorld;
  readonly #recovery: ConfirmedRecovery;
  #ledger: RecoverLedger;
  #vms: readonly VmProgress[];
  #time: string;
  readonly #gate: LifeGate;
  readonly #pictures: Patience;
  readonly #declaration: LossDeclaration;
  /** The picture that was read before anything was written, as long as it holds. */
  #ahead: RecoveryReading | undefined;
  /** The last word has been said. */
  #isOver = false;
  /** What we may not do, and where. */
  readonly #refusals = new Set<string>();
  /** Requests that are under way, and the words of the declaration as they are written into events. */
  #work: Promise<unknown> = Promise.resolve();
  #word: Promise<void> | undefined;
  #vmWords: Promise<void> | undefined;

  constructor(world: RecoverWorld, recovery: ConfirmedRecovery) {
    this.#world = world;
    this.#recovery = recovery;
    const warn = (message: string) => this.#warn(message);
    this.#gate = new LifeGate(world, recovery.lost.signs, warn);
    this.#pictures = new Patience(world.clock, warn);
    this.#time = recovery.lost.facts.time;
    this.#vms = notLookedAt(recovery.intent);
    this.#declaration = this.#declarationOf(recovery);
    this.#ledger = { ...emptyLedger(Date.parse(this.#time)), tried: {} };
  }

  async run(): Promise<RecoverySummary> {
    try {
      await this.#declaration.make(async () => {
        await this.#refuseWhatHasMovedOn();
        await this.#gate.pass();
      });
      await this.#forAMoment(this.#writeWord());
      await this.#follow();
      await this.#writeWords();
      return this.#summary({});
    } catch (error) {
      if (error instanceof Stop) return await this.#stopped(error);
      if (this.#world.signal.aborted) return await this.#interrupted();
      if (this.#declaration.isMade || this.#declaration.taintLeft)
        this.#world.reporter.event({
          ...{ type: "summary", operation: "recover", time: this.#time },
          ...this.#summaryOf({}),
          ...failureOf(error),
        });
      throw error;
    }
  }

  /** Much may have happened while the question stood: a guest may have migrated away, whose pod the taint would take, too. */
  async #refuseWhatHasMovedOn(): Promise<void> {
    const { clock, signal } = this.#world;
    const { intent } = this.#recovery;
    let picture = await this.#read();
    for (; picture === undefined; picture = await this.#read()) await clock.sleep(lookEveryMs, signal);
    const held = heldMeanwhile(picture.facts, intent);
    const vm = intent.vms.find(({ uid }) => held.has(uid));
    if (vm !== undefined)
      throw new RefusedError(`${keyOf(vm)} is not as it was: ${held.get(vm.uid)}`, "nothing was changed; look again");
    const migrates = intent.vms.some(({ row, migrations }) => row === "C5" || migrations.length > 0);
    this.#ahead = migrates ? undefined : picture;
  }

  #declarationOf({ lost, dossier, intent, by, assertion }: ConfirmedRecovery): LossDeclaration {
    const { nodeUid: uid, bootID } = dossier;
    const taint = intent.method === "taint" ? outOfServiceTaint : undefined;
    const input = { by, since: this.#consentTime, vms: this.#namedVms(), assertion, taint };
    return new LossDeclaration(this.#world, { name: intent.node, uid, bootID, record: lost.record }, input, {
      cordoned: (already) =>
        this.#world.reporter.event({ type: "node-cordoned", time: this.#time, node: intent.node, already }),
      changed: (object, verb) => this.#tellChange(object, verb),
      warn: (message) => this.#warn(message),
      addressed: (command) => addressed(command, intent.commandFlags),
    });
  }

  /** RFC 3339, API server's clock. */
  get #consentTime(): string {
    return new Date(this.#recovery.intent.consentAt).toISOString();
  }

  #namedVms(): readonly RecordedVm[] {
    return this.#recovery.intent.vms.map(({ namespace, name, uid, replicaSet, outcome, obstacle }) => ({
      ...{ namespace, name, uid, replicaSet, obstacle },
      ...(outcome === "unaffected" ? { unaffected: true } : {}),
    }));
  }

  get #words(): DeclaredLost {
    const { lost, intent, by, assertion } = this.#recovery;
    const objects = intent.vms.map((vm) => eventObject(vm, lost));
    return { node: intent.node, objects, by, assertion, time: this.#consentTime, record: this.#declaration.record };
  }

  /** The words of the declaration as an event on the Node: before anything is destroyed, because the Node may be deleted. */
  #writeWord(): Promise<void> {
    this.#word ??= this.#warnOf(
      recordOnNode(this.#world.client, this.#words).then((failure) => (failure === undefined ? [] : [failure])),
    );
    return this.#word;
  }

  /** Those on the Node and on its VMs: beside the work. */
  async #writeWords(): Promise<void> {
    this.#vmWords ??= this.#warnOf(recordOnVms(this.#world.client, this.#words));
    await Promise.all([this.#writeWord(), this.#vmWords]);
  }

  async #warnOf(failures: Promise<readonly string[]>): Promise<void> {
    try {
      for (const message of await failures) this.#warn(message);
    } catch (error) {
      this.#warn(String(error));
    }
  }

  /** Waits for the work, though not for longer than a person waits. */
  async #forAMoment(work: Promise<unknown>): Promise<void> {
    const enough = new AbortController();
    const moment = this.#world.clock.sleep(momentMs, enough.signal).catch(() => undefined);
    await Promise.race([work, moment]);
    enough.abort();
  }

  async #follow(): Promise<void> {
    const { clock, signal, reporter } = this.#world;
    let lookAt = Number.NEGATIVE_INFINITY;
    for (; ; await clock.sleep(lookEveryMs, signal)) {
      signal.throwIfAborted();
      await this.#gate.pass();
      this.#declaration.withdrawnFrom(this.#gate.node);
      if (clock.now().getTime() < lookAt) continue;
      const picture = this.#ahead ?? (await this.#read());
      this.#ahead = undefined;
      if (picture !== undefined) {
        this.#time = picture.facts.time;
        const decision = decideRecover(picture, this.#recovery.intent, this.#ledger);
        this.#ledger = decision.ledger;
        this.#tellVms(decision.vms);
        reporter.progress(this.#progress());
        if (decision.actions.length > 0) await this.#carryOut(decision.actions);
        else if (decision.status === "done") return;
        else if (this.#isQuiet) lookAt = clock.now().getTime() + quietLookEveryMs;
        void this.#writeWords();
      }
    }
  }

  get #isQuiet(): boolean {
    return Date.parse(this.#time) - this.#ledger.changedAt >= quietAfterMs;
  }

  /** A picture, or undefined when it could not be had this time. VMs that have come to their end are not asked for again. */
  async #read(): Promise<RecoveryReading | undefined> {
    const { lost, intent } = this.#recovery;
    const open = intent.vms.filter(({ uid }) => this.#ledger.ended[uid] === undefined);
    try {
      const picture = await readRecovery(this.#world.client, lost.facts, open, this.#world.signal);
      this.#pictures.succeeded();
      this.#gate.heed(picture.containers);
      return picture;
    } catch (error) {
      this.#pictures.failed(error);
      return undefined;
    }
  }

  /** As many at a time as there are connections, so that none waits between its gate and its sending. */
  async #carryOut(actions: readonly Action[]): Promise<void> {
    const queue = [...actions];
    const lane = async (): Promise<void> => {
      try {
        for (let action = queue.shift(); action !== undefined; action = queue.shift()) {
          if (action.kind === "evict") continue;
          await this.#gate.fresh();
          const withdrawn = this.#declaration.withdrawnFrom(this.#gate.node);
          if (withdrawn !== undefined) throw new Stop(withdrawn, { rebooted: false, withdrawn: true });
          this.#note(action, await perform(this.#world.client, action));
        }
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    };
    const lanes = [lane(), lane()];
    this.#work = Promise.allSettled(lanes);
    await Promise.all(lanes);
  }

  #note(action: Action, result: ActionResult): void {
    if (this.#isOver) return;
    const isAgain = this.#ledger.tried[uidOf(action)]?.result.kind === "done";
    this.#ledger = noteTried(this.#ledger, action, result, Date.parse(this.#time));
    const [change] = changesOf(action);
    if (change === undefined) return;
    if (result.kind === "done" && isAgain) return;
    if (result.kind === "done") this.#tellChange(change.object, change.verb);
    else if (result.kind !== "nothing-to-do" && !this.#isKnownRefusal(action, result))
      this.#warn(`${change.object}: ${resultText(result)}`);
  }

  /** What may not be done to one object may not be done to the others of its kind, which need not be said of each. */
  #isKnownRefusal(action: Action, result: ActionResult): boolean {
    if (result.kind !== "refused" || result.code !== 403) return false;
    const namespace = action.kind === "delete-pod" ? action.pod.namespace : "";
    const what = `${action.kind} ${namespace}`;
    if (this.#refusals.has(what)) return true;
    this.#refusals.add(what);
    return false;
  }

  /** Throws RefusedError where nothing was written yet. */
  async #stopped({ message, life }: Stop): Promise<RecoverySummary> {
    const { condemned, isMade, taintLeft } = this.#declaration;
    const { intent, commands } = this.#recovery;
    if (life !== undefined && !isMade && !taintLeft)
      throw new RefusedError(
        `${intent.node} shows life: ${message}`,
        `nothing was changed; look again: ${commands.look}`,
      );
    if (life !== undefined) await this.#declaration.takeTaintOff();
    await this.#work;
    if (life === undefined) return this.#summary({ unreadable: message });
    this.#vms = asFarAsIsKnown(this.#vms, this.#recovery.intent, this.#ledger);
    if (isMade) await this.#writeWords();
    return this.#summary({ life: { reason: message, ...life, condemned } });
  }

  /** What is on its way is told, and the declaration written down, if that comes about in a moment. */
  async #interrupted(): Promise<RecoverySummary> {
    const { reason } = this.#world.signal;
    const words = this.#declaration.isMade ? this.#writeWords() : undefined;
    await this.#forAMoment(Promise.all([this.#work, words]));
    this.#isOver = true;
    return this.#summary({
      interruptedBy: reason instanceof InterruptedError ? reason.exitCode : exitCode.interrupted,
    });
  }

  #summary(end: RecoveryEnd): RecoverySummary {
    const summary = this.#summaryOf(end);
    this.#world.reporter.event({ type: "summary", operation: "recover", time: this.#time, ...summary });
    return summary;
  }

  #summaryOf(end: RecoveryEnd): RecoverySummary {
    const { dossier, intent, commands } = this.#recovery;
    const { taintLeft } = this.#declaration;
    // Whether it was begun or taken up, it ends with the same words.
    const vms = [...this.#vms].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
    return summariseRecovery({ dossier, intent, vms, taintLeft, commands, ...end });
  }

  #progress(): DrainProgress {
    return {
      operation: "recover",
      nodes: [this.#recovery.intent.node],
      startedAt: this.#consentTime,
      time: this.#time,
      vms: this.#vms,
      pods: [],
      limits: { perNode: 0, perCluster: 0 },
      trouble: [],
      phase: "evicting",
    };
  }

  #tellVms(vms: readonly VmProgress[]): void {
    const before = new Map(this.#vms.map((vm) => [vm.uid, vm]));
    for (const vm of vms) {
      const earlier = before.get(vm.uid);
      if (earlier?.state === vm.state && earlier.detail === vm.detail) continue;
      this.#world.reporter.event({
        type: "vm",
        operation: "recover",
        time: this.#time,
        vm,
        change: earlier?.state === vm.state ? "detail" : "state",
      });
    }
    this.#vms = vms;
  }

  #tellChange(object: string, verb: string): void {
    this.#world.reporter.event({ type: "changed-object", time: this.#time, object, verb });
  }

  #warn(message: string): void {
    if (this.#isOver) return;
    this.#world.reporter.event({ type: "warning", time: this.#time, message });
  }
}
