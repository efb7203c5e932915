/** The practice cluster's time: real time, sped-up time, or time moved by hand in tests. */

export interface PracticeClock {
  /** The current moment in practice time. */
  now(): Date;
  /** Calls `fn` after `delayMs` of practice time; the returned function cancels it. */
  schedule(delayMs: number, fn: () => void): () => void;
  /** Resolves after `ms` of practice time, at once when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface ManualClock extends PracticeClock {
  /** Moves time on by `ms`, running everything that falls due on the way, in order; lets promises settle between two steps. */
  advance(ms: number): Promise<void>;
}

/** A clock that runs `speed` times as fast as the machine's, starting at `start` (default: now). */
export function startClock(options: { start?: Date; speed?: number } = {}): PracticeClock {
  const speed = options.speed ?? 1;
  const realStart = Date.now();
  const start = options.start?.getTime() ?? realStart;
  const schedule = (delayMs: number, fn: () => void): (() => void) => {
    const timer = setTimeout(fn, Math.max(0, delayMs) / speed);
    // The server keeps a practice cluster alive; what it still has in mind must not outlive it.
    timer.unref();
    return () => clearTimeout(timer);
  };
  return {
    now: () => new Date(start + (Date.now() - realStart) * speed),
    schedule,
    sleep: (ms, signal) => sleepWith(schedule, ms, signal),
  };
}

/** A clock that stands still until a test advances it. */
export function manualClock(start: Date): ManualClock {
  let now = start.getTime();
  let order = 0;
  const due: { at: number; order: number; fn: () => void }[] = [];
  const schedule = (delayMs: number, fn: () => void): (() => void) => {
    const entry = { at: now + Math.max(0, delayMs), order: order++, fn };
    due.push(entry);
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    return () => {
      const index = due.indexOf(entry);
      if (index >= 0) due.splice(index, 1);
    };
  };
  return {
    now: () => new Date(now),
    schedule,
    sleep: (ms, signal) => sleepWith(schedule, ms, signal),
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (let next = due[0]; next !== undefined && next.at <= end; next = due[0]) {
        due.shift();
        now = Math.max(now, next.at);
        next.fn();
        await settle();
      }
      now = end;
    },
  };
}

/** A moment as Kubernetes writes `metav1.Time`: UTC, whole seconds. */
export function rfc3339(moment: Date): string {
  return `${moment.toISOString().slice(0, 19)}Z`;
}

/** A moment as Kubernetes writes `metav1.MicroTime` (leases, events). */
export function rfc3339Micro(moment: Date): string {
  return `${moment.toISOString().slice(0, 23)}000Z`;
}

function sleepWith(schedule: PracticeClock["schedule"], ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = schedule(ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
