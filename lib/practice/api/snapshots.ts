/** Remembers the objects of a list that is read page by page, so that all pages show the same moment. */
import type { PracticeClock } from "../clock.ts";
import type { KubeObject } from "../store.ts";

/** How long etcd keeps old revisions before kube-apiserver compacts them. */
const keptMs = 5 * 60_000;

interface Snapshot {
  readonly objects: readonly KubeObject[];
  readonly takenAt: number;
}

export class Snapshots {
  readonly #clock: PracticeClock;
  readonly #kept = new Map<string, Snapshot>();

  constructor(clock: PracticeClock) {
    this.#clock = clock;
  }

  /** The objects of a list at a resource version; undefined when they were compacted. */
  find(list: string, version: string): readonly KubeObject[] | undefined {
    this.#dropOld();
    return this.#kept.get(`${list}@${version}`)?.objects;
  }

  keep(list: string, version: string, objects: readonly KubeObject[]): void {
    this.#dropOld();
    const id = `${list}@${version}`;
    if (!this.#kept.has(id)) this.#kept.set(id, { objects, takenAt: this.#clock.now().getTime() });
  }

  /** Forgets everything, as a compaction does. */
  clear(): void {
    this.#kept.clear();
  }

  #dropOld(): void {
    const limit = this.#clock.now().getTime() - keptMs;
    for (const [id, { takenAt }] of this.#kept) if (takenAt < limit) this.#kept.delete(id);
  }
}
