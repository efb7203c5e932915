/** Follows kinds of objects by informers: what they hold, which of them have trouble, and sets whose selectors grow. */

import type { ResourceType, Selection } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Informer, listAndWatch } from "../kube/informer.ts";
import type { Clock } from "../model/clock.ts";
import { ConfigError, ExpectedError, UnreachableError } from "../model/errors.ts";
import type { Gap } from "../model/facts.ts";
import { selectAny } from "./label-selectors.ts";
import { type Decoder, gapOf, isForbidden } from "./reading.ts";

export interface Problem {
  /** Plural resource name. */
  readonly resource: string;
  /** RFC 3339, our own clock. */
  readonly since: string;
  readonly message: string;
  /** No answer came; otherwise the server refused. */
  readonly unreachable: boolean;
  /** The server does not accept the credential, and there is no other one. */
  readonly lockedOut: boolean;
}

export interface FollowerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Called after every change. */
  readonly onChange: () => void;
}

/** One informer, with what has become of it. */
export interface Followed<T> {
  /** Undefined until the first list is there: what was known before then still counts. */
  items(): readonly T[] | undefined;
  /** The first list is there, or will never be, for want of a right. */
  isSettled(): boolean;
}

interface Entry {
  readonly type: ResourceType;
  readonly selection: Selection;
  informer: Informer<unknown>;
  refusal: { readonly since: Date; readonly error: ExpectedError } | undefined;
  listed: boolean;
}

/** Between attempts at a first list that the server refused for another reason than missing rights. */
const retryMs = 5_000;

/** Starts informers and keeps the account of their troubles. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #entries: Entry[] = [];
  /** What a decoder or a callback threw: a fault of ours, for the caller to throw on. */
  #fault: { readonly error: unknown } | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  follow<T>(type: ResourceType, selection: Selection, decode: Decoder<T>): Followed<T> {
    const start = (): Informer<T> => {
      const { client, clock, signal, onChange } = this.#options;
      const told = { onChange, onFollowing: onChange };
      return listAndWatch<T>(client, type, { ...selection, ...told, decode, clock, signal });
    };
    let informer = start();
    const entry: Entry = { type, selection, informer, refusal: undefined, listed: false };
    this.#entries.push(entry);
    this.#guard(entry, () => {
      informer = start();
      return informer;
    });
    return {
      items: () => (entry.listed ? [...informer.items.values()] : undefined),
      isSettled: () => entry.listed || (entry.refusal !== undefined && isForbidden(entry.refusal.error)),
    };
  }

  /** Notes how the first list ended. One that failed is tried again, unless the user has no right to it. */
  #guard(entry: Entry, restart: () => Informer<unknown>): void {
    const { clock, signal, onChange } = this.#options;
    const listed = async (): Promise<void> => {
      try {
        await entry.informer.synced;
        entry.listed = true;
        entry.refusal = undefined;
        onChange();
      } catch (error) {
        if (signal.aborted || !(error instanceof ExpectedError)) return;
        entry.refusal ??= { since: clock.now(), error };
        onChange();
        if (isForbidden(error)) return;
        await clock.sleep(retryMs, signal);
        entry.informer = restart();
        this.#guard(entry, restart);
      }
    };
    listed().catch((error: unknown) => this.#noteFault(error));
    entry.informer.ended.catch((error: unknown) => this.#noteFault(error));
  }

  #noteFault(error: unknown): void {
    if (this.#options.signal.aborted) return;
    this.#fault ??= { error };
    this.#options.onChange();
  }

  /** Throws what went wrong inside of an informer by a fault of ours. */
  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  /** Lists that may not be read: nothing will be heard of them. */
  gaps(): readonly Gap[] {
    return this.#entries.flatMap(({ type, selection, refusal }) =>
      refusal !== undefined && isForbidden(refusal.error)
        ? [gapOf(type, "list", selection.namespace, refusal.error)]
        : [],
    );
  }

  problems(): readonly Problem[] {
    return this.#entries.flatMap(({ type, informer, refusal }) => {
      const { following } = informer;
      const trouble = refusal ?? (following.mode === "failing" ? following : undefined);
      if (trouble === undefined) return [];
      const { error, since } = trouble;
      return [
        {
          resource: type.plural,
          since: since.toISOString(),
          message: error.message,
          unreachable: error instanceof UnreachableError,
          lockedOut: error instanceof ConfigError,
        },
      ];
    });
  }
}

/** Follows the objects that carry a label with one of some values; values can be added, and are then followed, too. */
export class LabelledSet<T> {
  readonly #follower: Follower;
  readonly #type: ResourceType;
  readonly #label: string;
  readonly #decode: Decoder<T>;
  readonly #parts: { readonly values: ReadonlySet<string>; readonly followed: Followed<T> }[] = [];
  readonly #covered = new Set<string>();

  constructor(follower: Follower, type: ResourceType, label: string, decode: Decoder<T>) {
    this.#follower = follower;
    this.#type = type;
    this.#label = label;
    this.#decode = decode;
  }

  /** Follows these values, too. */
  cover(values: Iterable<string>): void {
    const added = [...new Set(values)].filter((value) => !this.#covered.has(value));
    for (const value of added) this.#covered.add(value);
    for (const { selector, values: chosen } of selectAny(this.#label, added))
      this.#parts.push({
        values: new Set(chosen),
        followed: this.#follower.follow(this.#type, { labelSelector: selector }, this.#decode),
      });
  }

  /** True when all objects with this value are among the items. */
  knows(value: string): boolean {
    return this.#parts.some(({ values, followed }) => values.has(value) && followed.items() !== undefined);
  }

  items(): readonly T[] {
    return this.#parts.flatMap(({ followed }) => followed.items() ?? []);
  }
}
