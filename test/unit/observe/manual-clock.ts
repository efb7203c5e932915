/** A clock that stands until a test moves it. */
import type { Clock } from "../../../lib/model/clock.ts";

interface Sleeper {
  readonly until: number;
  wake(): void;
}

export class ManualClock implements Clock {
  private time = Date.parse("2026-08-22T10:00:00Z");
  private sleepers: Sleeper[] = [];

  now(): Date {
    return new Date(this.time);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = { until: this.time + ms, wake: resolve };
      this.sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Moves on, waking sleepers in their order, and lets everything run that wants to. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const next = this.sleepers.filter(({ until }) => until <= end).sort((a, b) => a.until - b.until)[0];
      if (next === undefined) break;
      this.time = Math.max(this.time, next.until);
      this.sleepers = this.sleepers.filter((other) => other !== next);
      next.wake();
      await settle();
    }
    this.time = end;
  }
}

/** Resolves when all that can go on without time passing has gone on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
