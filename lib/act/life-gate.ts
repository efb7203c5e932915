/** The gate before every destructive call of a recovery: Node and Lease, read afresh, must show no life. */
import { gateOf } from "../assess/liveness.ts";
import type { Clock } from "../model/clock.ts";
import { ExpectedError, InterruptedError } from "../model/errors.ts";
import type { Node } from "../model/kubernetes.ts";
import type { ContainerWrite, NodeSigns } from "../model/lost-node.ts";
import { readSigns } from "../observe/signs.ts";
import type { ActWorld } from "./world.ts";

export interface Life {
  readonly rebooted: boolean;
  /** It was not the node that showed it: somebody has taken back that it is lost. */
  readonly withdrawn?: boolean;
}

/** Ends a recovery: the node lives, or can no longer be judged. */
export class Stop extends Error {
  /** Undefined where the node could not be judged. */
  readonly life: Life | undefined;

  constructor(reason: string, life?: Life) {
    super(reason);
    this.life = life;
  }
}

/** How old a reading may be when a destructive call is sent that rests on it. */
const goodForMs = 1_000;
/** A reading that fails is tried again at this interval, for this long; meanwhile nothing is destroyed. */
const againAfterMs = 1_000;
const unreadAtMostMs = 60_000;

/** Bears with readings that fail for a while. */
export class Patience {
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  /** Our own clock's time of the first of the failures in a row. */
  #since: number | undefined;

  constructor(clock: Clock, warn: (message: string) => void) {
    this.#clock = clock;
    this.#warn = warn;
  }

  succeeded(): void {
    this.#since = undefined;
  }

  /** Says the first failure in a row; throws Stop after a minute of them, and at once what no later reading can cure. */
  failed(error: unknown): void {
    if (!(error instanceof ExpectedError) || error instanceof InterruptedError) throw error;
    const now = this.#clock.now().getTime();
    if (this.#since === undefined) this.#warn(`${error.message}; until that can be read again, nothing is removed`);
    this.#since ??= now;
    if (now - this.#since >= unreadAtMostMs) throw new Stop(error.message);
  }
}

/** The gate of one recovery: what was consented to, and the latest reading that still allows it. */
export class LifeGate {
  readonly #world: ActWorld;
  readonly #consented: NodeSigns;
  readonly #patience: Patience;
  /** Our own clock's time at which the latest reading began that showed no life. */
  #openedAt = Number.NEGATIVE_INFINITY;
  /** What it read. */
  #signs: NodeSigns;
  /** The reading that several requests wait for. */
  #passing: Promise<void> | undefined;

  /** `consented` are the signs that were shown when consent was given. */
  constructor(world: ActWorld, consented: NodeSigns, warn: (message: string) => void) {
    this.#world = world;
    this.#consented = consented;
    this.#signs = consented;
    this.#patience = new Patience(world.clock, warn);
  }

  /** The Node as it was when the gate was last open; undefined where there is none. */
  get node(): Node | undefined {
    const { object } = this.#signs;
    return object.kind === "seen" ? object.value : undefined;
  }

  /** Throws Stop where the containers of the node show life: what a kubelet that is back says of them may precede its Lease. */
  heed(containers: readonly ContainerWrite[]): void {
    const gate = gateOf(this.#consented, { ...this.#signs, containers: { kind: "seen", value: containers } });
    if (gate.kind === "life") throw new Stop(gate.reason, gate);
  }

  /** Reads Node and Lease. Throws Stop at any sign of life, and when they cannot be read any more; the signal's reason. */
  async pass(): Promise<void> {
    const { client, clock, signal } = this.#world;
    for (;;) {
      signal.throwIfAborted();
      const begun = clock.now().getTime();
      const signs = await readSigns(client, this.#consented.node, this.#world);
      const gate = gateOf(this.#consented, signs);
      if (gate.kind === "life") throw new Stop(gate.reason, gate);
      if (gate.kind === "open") {
        this.#patience.succeeded();
        this.#openedAt = begun;
        this.#signs = signs;
        return;
      }
      this.#patience.failed(new ExpectedError(gate.reason));
      await clock.sleep(againAfterMs, signal);
    }
  }

  /** As `pass`, unless the latest reading still holds. */
  async fresh(): Promise<void> {
    this.#world.signal.throwIfAborted();
    const age = this.#world.clock.now().getTime() - this.#openedAt;
    // A clock that is set back would make an old reading new.
    if (age >= 0 && age <= goodForMs) return;
    this.#passing ??= this.pass().finally(() => {
      this.#passing = undefined;
    });
    await this.#passing;
  }
}
