/** Wakes whoever waits for changes, once for all that come in quick succession. */
import type { Clock } from "../model/clock.ts";

/** Long enough for the events of one migration step, short for a person who watches. */
const gatherMs = 50;

/** For one who waits and many who note changes. */
export class ChangeSignal {
  readonly #clock: Clock;
  #pending = false;
  #wakers: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something has changed. */
  note(): void {
    this.#pending = true;
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  /** What has changed so far is known. */
  seen(): void {
    this.#pending = false;
  }

  /** Resolves when something has changed that is not known. Rejects with the signal's reason. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#pending) await this.#nextNote(signal);
    await this.#clock.sleep(gatherMs, signal);
  }

  #nextNote(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#wakers = this.#wakers.filter((waker) => waker !== wake);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      this.#wakers.push(wake);
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}
