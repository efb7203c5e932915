/** The gate before every destructive call of a recovery: Node and Lease, read afresh, must show no life. */
import { gateOf } from "../assess/liveness.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import { ExpectedError, InterruptedError } from "../model/errors.ts";
import type { NodeSigns } from "../model/lost-node.ts";
import { readSigns } from "../observe/signs.ts";

export interface GateWorld {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Ends a recovery: the node lives, or can no longer be judged. */
export class Stop extends Error {
  readonly life: boolean;

  constructor(reason: string, life: boolean) {
    super(reason);
    this.life = life;
  }
}

/** How old a reading may be when a destructive call is sent that rests on it. */
const goodForMs = 1_000;
/** A reading that fails is tried again this often, at this interval; meanwhile nothing is destroyed. */
const readingsAtMost = 5;
const againAfterMs = 1_000;

export class LifeGate {
  readonly #world: GateWorld;
  readonly #consented: NodeSigns;
  readonly #warn: (message: string) => void;
  /** Our own clock's time at which the latest reading began that showed no life. */
  #openedAt = Number.NEGATIVE_INFINITY;
  /** The reading that several requests wait for. */
  #passing: Promise<void> | undefined;
  #unread = 0;

  /** `consented` are the signs that were shown when consent was given. */
  constructor(world: GateWorld, consented: NodeSigns, warn: (message: string) => void) {
    this.#world = world;
    this.#consented = consented;
    this.#warn = warn;
  }

  /** Reads Node and Lease. Throws Stop at any sign of life, and when they cannot be read any more; the signal's reason. */
  async pass(): Promise<void> {
    const { client, clock, signal } = this.#world;
    for (;;) {
      signal.throwIfAborted();
      const begun = clock.now().getTime();
      const gate = gateOf(this.#consented, await readSigns(client, this.#consented.node, this.#world));
      if (gate.kind === "life") throw new Stop(gate.reason, true);
      if (gate.kind === "open") {
        this.noteRead();
        this.#openedAt = begun;
        return;
      }
      this.noteUnread(new ExpectedError(gate.reason));
      await clock.sleep(againAfterMs, signal);
    }
  }

  /** As `pass`, unless the latest reading still holds. */
  async fresh(): Promise<void> {
    this.#world.signal.throwIfAborted();
    if (this.#world.clock.now().getTime() - this.#openedAt <= goodForMs) return;
    this.#passing ??= this.pass().finally(() => {
      this.#passing = undefined;
    });
    await this.#passing;
  }

  noteRead(): void {
    this.#unread = 0;
  }

  /** Counts a reading that failed; throws Stop after too many in a row, and at once what no later reading can cure. */
  noteUnread(error: unknown): void {
    if (!(error instanceof ExpectedError) || error instanceof InterruptedError) throw error;
    this.#unread += 1;
    if (this.#unread === 1) this.#warn(error.message);
    if (this.#unread >= readingsAtMost) throw new Stop(error.message, false);
  }
}
