/** Drives a confirmed drain: cordon all nodes, then look, assess, decide and evict, round and round, until a fresh read says that it is done. */
import { assess } from "../assess/check.ts";
import { type DrainDecision, decideDrain } from "../decide/drain.ts";
import { drainEvents } from "../decide/drain-events.ts";
import { type NodeAtTheEnd, nodeInPicture, type SummaryInput } from "../decide/drain-summary.ts";
import { type DrainIntent, planOf } from "../decide/intent.ts";
import { emptyLedger, isFinalRefusal, type Ledger, noteAnswer, noteRequest } from "../decide/ledger.ts";
import { podWarnings } from "../decide/other-pods.ts";
import { type DrainedNode, type SeenMarks, takenAway } from "../decide/taken-away.ts";
import type { EvictAction } from "../model/action.ts";
import { InterruptedError } from "../model/errors.ts";
import type { EvictionAnswer } from "../model/eviction.ts";
import { findNamed, type Node } from "../model/kubernetes.ts";
import type { DrainProgress, ProgressEvent, Summary } from "../model/progress.ts";
import { recordOnNode } from "../observe/decode/record.ts";
import { followNodes, type Live } from "../observe/live.ts";
import { cordonAll } from "./begin-drain.ts";
import type { ConfirmedDrain, DrainWorld } from "./confirmed-drain.ts";
import { DrainEnd } from "./end-drain.ts";
import { evict } from "./perform.ts";
import { lockedOut, troubleOf } from "./trouble.ts";

/** Cordons the nodes and drives them empty. Throws ExpectedError when a node cannot be cordoned. */
export async function drainNodes(world: DrainWorld, drain: ConfirmedDrain): Promise<Summary> {
  await cordonAll(world, drain);
  const warning = podWarnings(drain.check.nodes);
  if (drain.intent.allPods && warning !== undefined)
    world.reporter.event({ type: "warning", time: drain.facts.time, message: warning });
  const loop = new DrainLoop(world, drain);
  try {
    return await loop.run();
  } finally {
    loop.close();
  }
}

/** How often a picture that says "empty" is compared with a fresh read that says otherwise. */
const verifyAgainMs = 2_000;
/** How long the end of a drain waits for the answers to evictions that are on their way. */
const lastAnswersMs = 2_000;
/** The longest sleep: pictures also age by themselves (a deadline passes, a reconnect is due). */
const longestSleepMs = 15_000;

/** The loop's lifetime: its watches, its ledger, and the evictions in flight. */
class DrainLoop {
  readonly #world: DrainWorld;
  readonly #drain: ConfirmedDrain;
  readonly #live: Live;
  readonly #end: DrainEnd;
  readonly #startedAt: string;
  #intent: DrainIntent;
  #ledger: Ledger;
  #progress: DrainProgress | undefined;
  /** Resolved by an answer, so that the loop looks again at once. */
  #wake: () => void = () => {};
  #seen: SeenMarks = { cordoned: [], recorded: [] };
  /** Pods whose VirtualMachines are being read. */
  readonly #reading = new Set<string>();
  #isClosed = false;
  readonly #declined = new Set<string>();
  readonly #inFlight = new Set<Promise<void>>();
  /** A fault inside an eviction, thrown by the loop's next turn. */
  #fault: unknown;

  constructor(world: DrainWorld, drain: ConfirmedDrain) {
    this.#world = world;
    this.#drain = drain;
    this.#intent = drain.intent;
    this.#ledger = emptyLedger(Date.parse(drain.facts.time));
    this.#live = followNodes(world.client, drain.facts, { clock: world.clock, allPods: drain.intent.allPods });
    this.#end = new DrainEnd(world, drain);
    this.#startedAt = this.#live.facts().time;
  }

  close(): void {
    this.#isClosed = true;
    this.#live.close();
  }

  async run(): Promise<Summary> {
    try {
      return await this.#turns();
    } catch (error) {
      if (error instanceof InterruptedError) return await this.#interrupted(error);
      this.#end.tellFailure(error, this.#live.facts(), { progress: this.#progress ?? this.#look().progress });
      throw error;
    }
  }

  /** Round and round. Throws InterruptedError at a signal, and when a person leaves a question by Ctrl-C. */
  async #turns(): Promise<Summary> {
    for (;;) {
      this.#world.signal.throwIfAborted();
      if (this.#fault !== undefined) throw this.#fault;
      const taken = this.#takenAway();
      if (taken !== undefined) return await this.#stoppedBy(taken);
      const decision = this.#look();
      // The plan may have stood before a person for a while: nobody is evicted, or asked about, on what it was made from.
      if (this.#live.isCurrent()) {
        // An answer takes its time, too.
        if (await this.#askAgain(decision)) continue;
        for (const action of decision.actions) this.#start(action);
      }
      switch (decision.status) {
        case "verify":
        case "left-behind": {
          const end = await this.#verified(decision.progress);
          if (end !== undefined) return end;
          await this.#pause(verifyAgainMs);
          break;
        }
        case "stuck":
        case "timed-out":
          return this.#gaveUp(decision.progress);
        case "going":
          await this.#pause(this.#untilNextLook(decision));
      }
    }
  }

  /** One picture, assessed and decided, and told to the reporter. */
  #look(): DrainDecision {
    const facts = this.#live.facts();
    const check = assess(facts, this.#drain.assessOptions);
    const problems = this.#live.problems();
    const decision = decideDrain({
      facts,
      check,
      intent: this.#intent,
      ledger: this.#ledger,
      startedAt: this.#startedAt,
      commandFlags: this.#drain.assessOptions.commandFlags,
      trouble: troubleOf(problems, this.#world.client.connection.server),
      outdated: problems.some(({ unreachable, lockedOut }) => unreachable || lockedOut),
    });
    this.#ledger = decision.ledger;
    for (const event of drainEvents(this.#progress, decision.progress)) this.#tell(event);
    this.#progress = decision.progress;
    this.#world.reporter.progress(decision.progress);
    this.#live.follow(decision.departed);
    return decision;
  }

  /** A node that was deleted or given back by somebody else is no longer ours to drain. */
  #takenAway(): Pick<SummaryInput, "stoppedBy" | "deleted"> | undefined {
    const stoppedBy = lockedOut(this.#live.problems(), this.#world.clock.now());
    if (stoppedBy !== undefined) return { stoppedBy };
    const { nodes } = this.#live.facts();
    const named = (among: readonly Node[], name: string) => among.find(({ metadata }) => metadata.name === name);
    const now = this.#intent.nodes.map((name): DrainedNode => {
      const node = named(nodes, name);
      const assessedUid = named(this.#drain.facts.nodes, name)?.metadata.uid;
      return { name, assessedUid, node, record: node === undefined ? { kind: "none" } : recordOnNode(node) };
    });
    const { seen, end } = takenAway(now, this.#seen);
    this.#seen = seen;
    return end;
  }

  /** Puts before a person what is no longer as it was confirmed; true when somebody was asked. */
  async #askAgain(decision: DrainDecision): Promise<boolean> {
    const news = decision.unconfirmed.filter((vm) => !this.#declined.has(`${vm.progress.uid}/${vm.verdict?.outcome}`));
    if (news.length === 0 || this.#world.confirmAgain === undefined) return false;
    for (const vm of news) this.#declined.add(`${vm.progress.uid}/${vm.verdict?.outcome}`);
    if (!(await this.#world.confirmAgain(news))) return true;
    const all = planOf(assess(this.#live.facts(), this.#drain.assessOptions));
    const confirmed = Object.fromEntries(
      news.flatMap(({ progress: { uid }, verdict }) => {
        const vm = all[uid];
        return vm === undefined || vm.outcome !== verdict?.outcome ? [] : [[uid, vm]];
      }),
    );
    this.#intent = { ...this.#intent, planned: { ...this.#intent.planned, ...confirmed } };
    return true;
  }

  #start(action: EvictAction): void {
    if (action.machine === undefined) this.#send(action);
    else void this.#sendIfSame(action, action.machine);
  }

  /** What a shutdown does to a VM hangs on its VirtualMachine, which may have changed since the plan: it is read afresh before. */
  async #sendIfSame(action: EvictAction, machine: NonNullable<EvictAction["machine"]>): Promise<void> {
    const { uid } = action.pod;
    if (this.#reading.has(uid)) return;
    this.#reading.add(uid);
    try {
      const found = await this.#live.readMachine(machine);
      if (found === "same" && !this.#isClosed && !this.#world.signal.aborted) this.#send(action);
      if (found !== "unread") this.#wake();
    } catch (error) {
      if (!this.#isClosed) this.#fault ??= error;
      this.#wake();
    } finally {
      this.#reading.delete(uid);
    }
  }

  /** Sends one eviction; the loop goes on meanwhile. */
  #send(action: EvictAction): void {
    const facts = this.#live.facts();
    const seen = findNamed(facts.pods, action.pod)?.metadata;
    const asked = { uid: action.pod.uid, node: action.node, version: seen?.resourceVersion };
    this.#ledger = noteRequest(this.#ledger, asked, Date.parse(facts.time));
    this.#tell({
      type: "eviction-requested",
      time: facts.time,
      node: action.node,
      namespace: action.pod.namespace,
      pod: action.pod.name,
      vm: action.vm,
      attempt: this.#ledger.pods[action.pod.uid]?.tries ?? 1,
    });
    const request = evict(this.#world.client, action, { seenUid: seen?.uid })
      .then(
        (answer) => this.#take(action, answer),
        (error: unknown) => {
          this.#fault = error;
          this.#wake();
        },
      )
      .finally(() => this.#inFlight.delete(request));
    this.#inFlight.add(request);
  }

  /** The last look: an eviction that is on its way may yet set something going that a person must be told of. */
  async #lastLook(): Promise<DrainProgress> {
    if (this.#inFlight.size > 0)
      await Promise.race([Promise.all(this.#inFlight), this.#world.clock.sleep(lastAnswersMs).catch(() => undefined)]);
    return { ...this.#look().progress, phase: "interrupted" };
  }

  #take(action: EvictAction, answer: EvictionAnswer): void {
    const before = this.#ledger.pods[action.pod.uid]?.answer;
    const { time } = this.#live.facts();
    this.#ledger = noteAnswer(this.#ledger, action.pod.uid, answer, Date.parse(time));
    if (answer.kind === "budget" || answer.kind === "several-budgets") this.#live.followBudgets(action.pod.namespace);
    const refused = !acceptances.has(answer.kind);
    if (refused && (before?.kind !== answer.kind || before.message !== answer.message))
      this.#tell({
        type: "eviction-refused",
        time,
        node: action.node,
        namespace: action.pod.namespace,
        pod: action.pod.name,
        vm: action.vm,
        code: answer.code,
        message: answer.budget === undefined ? answer.message : `${answer.message} (PDB ${answer.budget})`,
        final: isFinalRefusal(this.#ledger.pods[action.pod.uid]),
      });
    this.#wake();
  }

  #tell(event: ProgressEvent): void {
    this.#world.reporter.event(event);
  }

  #untilNextLook(decision: DrainDecision): number {
    if (decision.wakeAt === undefined) return longestSleepMs;
    const now = Date.parse(this.#live.facts().time);
    return Math.min(longestSleepMs, Math.max(0, decision.wakeAt - now));
  }

  /** Waits for a change, an answer, the signal, or the time. */
  async #pause(ms: number): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#world.signal]);
    const answered = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const ended = (promise: Promise<void>): Promise<void> => promise.catch(() => undefined);
    await Promise.race([ended(this.#world.clock.sleep(ms, signal)), ended(this.#live.changed(signal)), answered]);
    stop.abort();
  }

  /** The summary if a fresh read agrees that nothing of the selection is left, otherwise undefined. */
  async #verified(progress: DrainProgress): Promise<Summary | undefined> {
    const nodes = await this.#end.read(progress);
    const leftBehind = progress.vms.some((vm) => vm.state === "left-behind");
    if (!leftBehind && nodes.some((node) => !node.fresh || node.selected.length > 0)) return undefined;
    return this.#summary(progress, nodes);
  }

  async #gaveUp(progress: DrainProgress): Promise<Summary> {
    return this.#summary(progress, await this.#end.read(progress));
  }

  async #interrupted({ exitCode: interruptedBy }: InterruptedError): Promise<Summary> {
    const progress = await this.#lastLook();
    const nodes = this.#intent.nodes.map((name) => nodeInPicture(progress, name));
    return this.#summary(progress, nodes, { interruptedBy });
  }

  async #stoppedBy(end: Pick<SummaryInput, "stoppedBy" | "deleted">): Promise<Summary> {
    const progress = await this.#lastLook();
    return this.#summary(progress, await this.#end.read(progress), end);
  }

  #summary(
    progress: DrainProgress,
    nodes: readonly NodeAtTheEnd[],
    end: Pick<SummaryInput, "interruptedBy" | "stoppedBy" | "deleted"> = {},
  ): Summary {
    return this.#end.tell(this.#live.facts(), { progress, nodes, ...end });
  }
}

/** Answers after which the VM or pod is on its way, so that nobody needs to be told of a refusal. */
const acceptances: ReadonlySet<EvictionAnswer["kind"]> = new Set([
  "evicted",
  "gone",
  "evacuating",
  "migration-target",
  "hotplug",
]);
