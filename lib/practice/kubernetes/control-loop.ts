/** Runs reconcilers as controller-runtime does: events of the store mark keys, marked keys are brought to their desired state one after another. */
import type { PracticeClock } from "../clock.ts";
import { StoreError } from "../status.ts";
import type { ResourceKey, Store, StoreEvent } from "../store.ts";

export interface Reconciler {
  readonly name: string;
  /** The keys that a changed object concerns; also called once for every object that exists at the start. */
  touches(event: StoreEvent): Iterable<string>;
  /** Brings one key to its desired state; answers after how many practice milliseconds to look again by itself. */
  reconcile(key: string): number | undefined;
}

const firstRetryMs = 5;
const longestRetryMs = 1_000_000;
/** Keys handled before the API server's own work gets its turn. */
const batch = 50;

interface Work {
  readonly reconciler: Reconciler;
  readonly key: string;
}

export class ControlLoop {
  readonly #store: Store;
  readonly #clock: PracticeClock;
  readonly #onBug: (error: unknown, where: string) => void;
  readonly #reconcilers = new Map<string, Reconciler>();
  readonly #queue = new Map<string, Work>();
  readonly #timers = new Map<string, () => void>();
  readonly #failures = new Map<string, number>();
  #attentive = true;
  #wake: (() => void) | undefined;
  #unsubscribe: (() => void) | undefined;

  /** `onBug` hears of every exception that is not an answer of the store. */
  constructor(store: Store, clock: PracticeClock, onBug: (error: unknown, where: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onBug = onBug;
  }

  add(reconciler: Reconciler): void {
    this.#reconcilers.set(reconciler.name, reconciler);
  }

  start(): void {
    this.#unsubscribe = this.#store.subscribe((event) => this.#observe(event));
  }

  /** Looks at all objects of a resource, as controllers do when they start. */
  lookAt(key: ResourceKey): void {
    for (const object of this.#store.list(key)) this.#observe({ type: "ADDED", key, object });
  }

  /** Writes within `work` need no attention: they leave the cluster as its controllers would have it. */
  unattended(work: () => void): void {
    this.#attentive = false;
    work();
    this.#attentive = true;
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#wake?.();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#queue.clear();
  }

  /** Marks a key for something that the store does not show, such as a fault of a host. */
  enqueue(name: string, key: string): void {
    const reconciler = this.#reconcilers.get(name);
    if (reconciler === undefined) throw new Error(`no reconciler named ${name}`);
    this.#mark(reconciler, key);
  }

  #observe(event: StoreEvent): void {
    if (!this.#attentive) return;
    for (const reconciler of this.#reconcilers.values()) {
      for (const key of reconciler.touches(event)) this.#mark(reconciler, key);
    }
  }

  #mark(reconciler: Reconciler, key: string): void {
    this.#queue.set(`${reconciler.name} ${key}`, { reconciler, key });
    this.#wake ??= this.#clock.schedule(0, () => this.#work());
  }

  #work(): void {
    this.#wake = undefined;
    for (let count = 0; count < batch; count++) {
      const next = this.#queue.entries().next().value;
      if (next === undefined) return;
      this.#queue.delete(next[0]);
      this.#reconcile(next[0], next[1]);
    }
    if (this.#queue.size > 0) this.#wake ??= this.#clock.schedule(0, () => this.#work());
  }

  #reconcile(id: string, work: Work): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
    const again = this.#attempt(id, work);
    if (again === undefined) return;
    const cancel = this.#clock.schedule(again, () => {
      this.#timers.delete(id);
      this.#mark(work.reconciler, work.key);
    });
    this.#timers.set(id, cancel);
  }

  #attempt(id: string, work: Work): number | undefined {
    try {
      const again = work.reconciler.reconcile(work.key);
      this.#failures.delete(id);
      return again;
    } catch (error) {
      if (!(error instanceof StoreError)) this.#onBug(error, id);
      const failures = this.#failures.get(id) ?? 0;
      this.#failures.set(id, failures + 1);
      // client-go's DefaultControllerRateLimiter: 5 ms doubling up to 1000 s.
      return Math.min(firstRetryMs * 2 ** failures, longestRetryMs);
    }
  }
}
