/** Keeps a set of objects as the server has them: list, then watch from there, and list again when that does not work. */
import type { Clock } from "../model/clock.ts";
import { ExpectedError, KubeError, UnreachableError } from "../model/errors.ts";
import { objectOf, textOf } from "../model/json.ts";
import type { ResourceType, Selection, WatchEvent } from "./api.ts";
import type { KubeClient } from "./client.ts";

/** How the set is kept at the moment. */
export type Following =
  /** The first list is on its way. */
  | { readonly mode: "starting" }
  | { readonly mode: "watching" }
  /** Watching is not allowed: a list every few seconds instead. */
  | { readonly mode: "polling" }
  /** What is shown may be out of date since `since`; tried again until it works. */
  | { readonly mode: "failing"; readonly since: Date; readonly error: Error };

export type Change<T> =
  | { readonly type: "listed" }
  | { readonly type: "set"; readonly uid: string; readonly item: T; readonly before: T | undefined }
  | { readonly type: "removed"; readonly uid: string; readonly before: T };

export interface InformerOptions<T> extends Selection {
  /** What is kept of an object; undefined leaves it out. */
  readonly decode: (object: unknown) => T | undefined;
  /** Called after each change of `items`. */
  readonly onChange?: ((change: Change<T>) => void) | undefined;
  /** Called when the way of following changes, and for each failed attempt. */
  readonly onFollowing?: ((following: Following) => void) | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Between lists when watching is forbidden; 5 s when absent. */
  readonly pollMs?: number | undefined;
  /** Between 0 and 1; spreads the attempts of many clients. */
  readonly random?: (() => number) | undefined;
}

export interface Informer<T> {
  /** By UID, so that an object made again under its old name is another one. */
  readonly items: ReadonlyMap<string, T>;
  readonly following: Following;
  /** Resolves after the first list. Rejects when the server refuses it, or with the signal's reason; network faults are tried again. */
  readonly synced: Promise<void>;
  /** Resolves when nothing will change any more: aborted, or the first list was refused. Rejects when `decode` or a callback threw. */
  readonly ended: Promise<void>;
}

const backoff = { firstMs: 1000, longestMs: 30_000 };
const defaultPollMs = 5000;
/** A watch that ends within this time without an event has failed. */
const shortMs = 1000;

/** Starts following `type`; the set and how it is followed can be read from the result at any time. */
export function listAndWatch<T>(client: KubeClient, type: ResourceType, options: InformerOptions<T>): Informer<T> {
  const items = new Map<string, T>();
  let following: Following = { mode: "starting" };
  const follow = (next: Following) => {
    following = next;
    options.onFollowing?.(next);
  };
  const { promise: synced, resolve, reject } = Promise.withResolvers<void>();
  // Whoever does not wait for the first list is not to be ended by its failure.
  synced.catch(() => {});
  const ended = followForever(client, type, { ...options, items, follow, onSynced: resolve }).catch(
    (error: unknown) => {
      reject(error);
      if (!options.signal.aborted && !isExpected(error)) throw error;
    },
  );
  return {
    items,
    synced,
    ended,
    get following() {
      return following;
    },
  };
}

interface Work<T> extends InformerOptions<T> {
  readonly items: Map<string, T>;
  readonly follow: (following: Following) => void;
  readonly onSynced: () => void;
}

/** Ends only by throwing: the refusal of the first list, a fault of a callback, or the signal's reason. */
async function followForever<T>(client: KubeClient, type: ResourceType, work: Work<T>): Promise<never> {
  const { clock, signal } = work;
  let mode: "watching" | "polling" = "watching";
  let asking: "list" | "watch" = "list";
  let listed = false;
  let failingSince: Date | undefined;
  let failures = 0;
  for (;;) {
    try {
      asking = "list";
      let resourceVersion: string | undefined = await relist(client, type, work);
      if (!listed) work.onSynced();
      if (!listed || failingSince !== undefined) work.follow({ mode });
      listed = true;
      failingSince = undefined;
      asking = "watch";
      while (mode === "watching" && resourceVersion !== undefined) {
        const started = clock.now().getTime();
        const watched: Watched = await watchOnce(client, type, resourceVersion, work);
        resourceVersion = watched.resourceVersion;
        // A server that ends every watch at once is not to be asked without pause.
        const useless = watched.events === 0 && clock.now().getTime() - started < shortMs;
        failures = useless ? failures + 1 : 0;
        if (failures > 1) await clock.sleep(delay(failures, work.random), signal);
      }
      if (mode === "polling") await clock.sleep(work.pollMs ?? defaultPollMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (asking === "watch" && forbidsWatching(error)) {
        mode = "polling";
        work.follow({ mode });
        continue;
      }
      if (!isExpected(error) || (!listed && !(error instanceof UnreachableError))) throw error;
      failingSince ??= clock.now();
      work.follow({ mode: "failing", since: failingSince, error });
      failures += 1;
      await clock.sleep(delay(failures, work.random), signal);
    }
  }
}

/** Replaces the set; returns the version from which a watch goes on. */
async function relist<T>(client: KubeClient, type: ResourceType, work: Work<T>): Promise<string> {
  const { namespace, labelSelector, fieldSelector, signal, decode, items } = work;
  const list = await client.list(type, { namespace, labelSelector, fieldSelector, signal }, (object) => {
    const item = decode(object);
    return item === undefined ? undefined : { uid: uidOf(object), item };
  });
  items.clear();
  for (const entry of list.items) if (entry !== undefined) items.set(entry.uid, entry.item);
  work.onChange?.({ type: "listed" });
  return list.resourceVersion;
}

interface Watched {
  /** Where the next watch goes on; undefined asks for a new list. */
  readonly resourceVersion: string | undefined;
  readonly events: number;
}

async function watchOnce<T>(
  client: KubeClient,
  type: ResourceType,
  resourceVersion: string,
  work: Work<T>,
): Promise<Watched> {
  const { namespace, labelSelector, fieldSelector, signal } = work;
  let events = 0;
  for await (const event of client.watch(type, { namespace, labelSelector, fieldSelector, resourceVersion, signal })) {
    signal.throwIfAborted();
    if (event.type === "ENDED") {
      return { resourceVersion: event.reason === "expired" ? undefined : event.resourceVersion, events };
    }
    events += 1;
    if (event.type !== "BOOKMARK") applyEvent(event, work);
  }
  return { resourceVersion: undefined, events };
}

function applyEvent<T>(event: Extract<WatchEvent, { object: unknown }>, { items, decode, onChange }: Work<T>): void {
  const uid = uidOf(event.object);
  const before = items.get(uid);
  const item = event.type === "DELETED" ? undefined : decode(event.object);
  if (item !== undefined) {
    items.set(uid, item);
    onChange?.({ type: "set", uid, item, before });
  } else if (before !== undefined) {
    items.delete(uid);
    onChange?.({ type: "removed", uid, before });
  }
}

function uidOf(object: unknown): string {
  return textOf(objectOf(objectOf(object).metadata).uid);
}

function forbidsWatching(error: unknown): boolean {
  return error instanceof KubeError && (error.status.code === 403 || error.status.code === 405);
}

function isExpected(error: unknown): error is ExpectedError {
  return error instanceof ExpectedError;
}

/** Doubling from one second to half a minute; between half of that and the whole, so that clients spread. */
function delay(failures: number, random: (() => number) | undefined): number {
  const whole = Math.min(backoff.longestMs, backoff.firstMs * 2 ** Math.min(failures - 1, 10));
  return Math.max(backoff.firstMs, whole * (0.5 + (random ?? Math.random)() / 2));
}
