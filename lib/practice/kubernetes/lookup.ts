/** An index over one resource of the store, kept up to date by its events: what client-go calls an indexer. */
import type { KubeObject, ResourceKey, Store } from "../store.ts";
import { isOf, keyOf } from "./keys.ts";

export class Lookup {
  readonly #byValue = new Map<string, Map<string, KubeObject>>();
  readonly #valuesOf = new Map<string, readonly string[]>();
  readonly #indexBy: (object: KubeObject) => readonly string[];

  constructor(store: Store, key: ResourceKey, indexBy: (object: KubeObject) => readonly string[]) {
    this.#indexBy = indexBy;
    for (const object of store.list(key)) this.#put(object);
    store.subscribe((event) => {
      if (!isOf(event.key, key)) return;
      this.#remove(event.object);
      if (event.type !== "DELETED") this.#put(event.object);
    });
  }

  /** The objects filed under a value, in the order in which they came there. */
  get(value: string | undefined): KubeObject[] {
    const found = value === undefined ? undefined : this.#byValue.get(value);
    return found === undefined ? [] : [...found.values()];
  }

  #put(object: KubeObject): void {
    const id = keyOf(object);
    const values = this.#indexBy(object);
    this.#valuesOf.set(id, values);
    for (const value of values) {
      const filed = this.#byValue.get(value) ?? new Map<string, KubeObject>();
      this.#byValue.set(value, filed.set(id, object));
    }
  }

  #remove(object: KubeObject): void {
    const id = keyOf(object);
    for (const value of this.#valuesOf.get(id) ?? []) {
      const filed = this.#byValue.get(value);
      filed?.delete(id);
      if (filed?.size === 0) this.#byValue.delete(value);
    }
    this.#valuesOf.delete(id);
  }
}
