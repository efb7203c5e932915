/** A clock for a cluster with a past: first it runs through the past as fast as the machine can, then it goes on with the practice clock. */
import type { PracticeClock } from "./clock.ts";

export interface PastClock extends PracticeClock {
  /** Moves time on to a moment, running everything that falls due on the way, in order. */
  runUntil(moment: Date): void;
  /** From now on time is the live clock's; what was scheduled beyond the present stays scheduled. */
  goLive(clock: PracticeClock): void;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
  cancelled: boolean;
  cancelLive?: () => void;
}

/** A clock that stands at `start`. */
export function pastClock(start: Date): PastClock {
  let now = start.getTime();
  let order = 0;
  let live: PracticeClock | undefined;
  const queue = new DueQueue();
  const schedule = (delayMs: number, fn: () => void): (() => void) => {
    if (live !== undefined) return live.schedule(delayMs, fn);
    const due: Due = { at: now + Math.max(0, delayMs), order: order++, fn, cancelled: false };
    queue.push(due);
    return () => {
      due.cancelled = true;
      due.cancelLive?.();
    };
  };
  return {
    now: () => live?.now() ?? new Date(now),
    schedule,
    sleep: (ms, signal) => {
      if (live !== undefined) return live.sleep(ms, signal);
      return new Promise((resolve) => void schedule(ms, resolve));
    },
    runUntil(moment) {
      const end = moment.getTime();
      for (let next = queue.first(); next !== undefined && next.at <= end; next = queue.first()) {
        queue.shift();
        if (next.cancelled) continue;
        now = Math.max(now, next.at);
        next.fn();
      }
      now = Math.max(now, end);
    },
    goLive(clock) {
      live = clock;
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const due = next;
        if (!due.cancelled) due.cancelLive = clock.schedule(due.at - now, due.fn);
      }
    },
  };
}

/** A binary heap: a past of thousands of VMs has as many timers. */
class DueQueue {
  readonly #heap: Due[] = [];

  first(): Due | undefined {
    return this.#heap[0];
  }

  push(due: Due): void {
    const heap = this.#heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || before(above, due)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = due;
  }

  shift(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const rightIsLess = right !== undefined && left !== undefined && before(right, left);
      const less = rightIsLess ? right : left;
      if (less === undefined || before(last, less)) break;
      heap[index] = less;
      index = 2 * index + (rightIsLess ? 2 : 1);
    }
    heap[index] = last;
    return first;
  }
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
