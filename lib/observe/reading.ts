/** One pass over the cluster: reads objects, and remembers what could not be read instead of failing. */
import type { Discovery, ListOptions, ListRest, ResourcePath, ResourceType, Selection, Table } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import { ExpectedError, KubeError, UnreachableError } from "../model/errors.ts";
import type { Gap } from "../model/facts.ts";
import { objectOf } from "../model/json.ts";
import { keyOf } from "../model/kubernetes.ts";
import { text } from "./read-field.ts";
import { requestSlots } from "./request-slots.ts";

export type Decoder<T> = (object: unknown) => T | undefined;

export interface ReadSelection extends Selection {
  /** Only these objects, as `namespace/name`; the others are dropped undecoded, page by page. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Page size. */
  readonly limit?: number | undefined;
}

/** A part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly rest: ListRest | undefined;
}

export interface PageOptions {
  /** Objects at most. */
  readonly limit: number;
  /** Where the page before ended. */
  readonly from?: string | undefined;
}

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ExpectedError };

export interface Reading {
  readonly client: KubeClient;
  /** Ends the pass; goes along with every request. */
  readonly signal: AbortSignal | undefined;
  readonly gaps: readonly Gap[];
  /** The newest time that the API server told. */
  serverTime(): Date | undefined;
  /** The objects of a list, or undefined when it could not be read, which is noted as a gap. */
  list<T>(type: ResourceType, selection: ReadSelection, decode: Decoder<T>): Promise<readonly T[] | undefined>;
  /** As `list`, with the failure handed to the caller, who may know another way. */
  attemptList<T>(type: ResourceType, selection: ReadSelection, decode: Decoder<T>): Promise<Attempt<readonly T[]>>;
  /** As `attemptList`, for a part of the list. */
  attemptPage<T>(
    type: ResourceType,
    selection: ReadSelection,
    decode: Decoder<T>,
    page: PageOptions,
  ): Promise<Attempt<Page<T>>>;
  /** One object; undefined when it does not exist, and when it could not be read, which is noted as a gap. */
  get<T>(path: ResourcePath, decode: Decoder<T>): Promise<T | undefined>;
  /** A table, without its objects unless asked for; undefined when the server has none, or refuses. No gap is noted. Throws UnreachableError. */
  table(
    type: ResourceType,
    selection: Selection & Pick<ListOptions, "pagesAtMost" | "limit" | "from">,
    includeObject?: "Metadata",
  ): Promise<Table | undefined>;
  /** What the request resolves to. Expected errors are handed to the caller; an abort is thrown. */
  attempt<T>(request: (client: KubeClient) => Promise<T>): Promise<Attempt<T>>;
  /** `groupsOnly`: without resources, which are most of it. */
  discover(options?: { readonly groupsOnly?: boolean }): Promise<Discovery>;
  noteGap(gap: Gap): void;
}

export interface ReadingOptions {
  /** Lists come without `managedFields`, for who does not ask when something was written. */
  readonly withoutManagedFields?: boolean;
}

/** Starts a pass. `signal` ends it: whatever is being read then throws the signal's reason. */
export function startReading(client: KubeClient, signal?: AbortSignal, options: ReadingOptions = {}): Reading {
  const pass = startPass(client, signal);
  const { attempt, noteGap } = pass;

  const attemptList: Reading["attemptList"] = async (type, selection, decode) => {
    const answer = await attemptPart(pass, { type, selection, decode }, options);
    return answer.ok ? { ok: true, value: answer.value.items } : answer;
  };

  return {
    ...pass,
    attemptList,
    attemptPage: (type, selection, decode, page) =>
      attemptPart(pass, { type, selection, decode }, { ...options, ...page, pagesAtMost: 1 }),

    async list(type, selection, decode) {
      const answer = await attemptList(type, selection, decode);
      if (answer.ok) return answer.value;
      noteGap(gapOf(type, "list", selection.namespace, answer.error));
      return undefined;
    },

    async get(path, decode) {
      const answer = await attempt((to) => to.get(path, { signal }));
      if (answer.ok) {
        const decoded = decode(answer.value.object);
        if (decoded === undefined) noteGap(malformedGap(path.type, path.namespace, 1));
        return decoded;
      }
      if (!isNotFound(answer.error)) noteGap(gapOf(path.type, "get", path.namespace, answer.error));
      return undefined;
    },

    async table(type, selection, includeObject) {
      const wanted = { ...selection, includeObject: includeObject ?? ("None" as const), signal };
      const answer = await attempt((to) => to.table(type, wanted));
      // A server that is silent would be as silent about the whole list.
      if (!answer.ok && answer.error instanceof UnreachableError) throw answer.error;
      return answer.ok ? answer.value : undefined;
    },
  };
}

/** What every request of a pass has to do with, whatever it asks for. */
type Pass = Pick<Reading, "client" | "signal" | "gaps" | "serverTime" | "attempt" | "discover" | "noteGap">;

function startPass(client: KubeClient, signal: AbortSignal | undefined): Pass {
  const slots = requestSlots();
  const gaps: Gap[] = [];
  let newest: Date | undefined;
  return {
    client,
    signal,
    gaps,
    serverTime: () => newest,
    discover: (options = {}) => slots.run(() => client.discover({ ...options, signal })),

    async attempt(request) {
      try {
        const value = await slots.run(() => request(client));
        // Every kind of answer carries the server's time in the same field.
        const { serverTime } = objectOf(value);
        if (serverTime instanceof Date && (newest === undefined || serverTime > newest)) newest = serverTime;
        return { ok: true, value };
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ExpectedError) return { ok: false, error };
        throw error;
      }
    },

    noteGap(gap) {
      // A hundred objects that may not be read are one gap.
      const isKnown = gaps.some(
        ({ resource, namespace, reason }) =>
          resource === gap.resource && namespace === gap.namespace && reason === gap.reason,
      );
      if (!isKnown) gaps.push(gap);
    },
  };
}

interface Wanted<T> {
  readonly type: ResourceType;
  readonly selection: ReadSelection;
  readonly decode: Decoder<T>;
}

/** A list, or as much of it as `options` say. */
async function attemptPart<T>(
  { attempt, noteGap, signal }: Pass,
  { type, selection: { only, ...where }, decode }: Wanted<T>,
  options: Pick<ListOptions, "limit" | "from" | "pagesAtMost" | "withoutManagedFields">,
): Promise<Attempt<Page<T>>> {
  let malformed = 0;
  const decodeWanted = (object: unknown): T | undefined => {
    if (only !== undefined && !only.has(rawKey(object))) return undefined;
    const decoded = decode(object);
    if (decoded === undefined) malformed += 1;
    return decoded;
  };
  const answer = await attempt((to) => to.list(type, { ...where, ...options, signal }, decodeWanted));
  if (!answer.ok) return answer;
  if (malformed > 0) noteGap(malformedGap(type, where.namespace, malformed));
  const { items, rest } = answer.value;
  return { ok: true, value: { items: items.filter((item) => item !== undefined), rest } };
}

function rawKey(object: unknown): string {
  const metadata = objectOf(objectOf(object).metadata);
  return keyOf({ namespace: text(metadata.namespace) ?? "", name: text(metadata.name) ?? "" });
}

/** The user lacks the right, and asking again will not help. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubeError && error.status.code === 403;
}

/** The object, or its kind, does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.status.code === 404;
}

/** What is missing because a request failed. */
export function gapOf(type: ResourceType, verb: string, namespace: string | undefined, error: ExpectedError): Gap {
  const reason = isForbidden(error) ? `forbidden: ${verb} ${type.plural}` : error.message;
  return { resource: type.plural, namespace, reason };
}

/** True when the user may not read it. */
export function isForbiddenGap(gap: Gap): boolean {
  return gap.reason.startsWith("forbidden: ");
}

function malformedGap(type: ResourceType, namespace: string | undefined, count: number): Gap {
  const what = count === 1 ? "one object has" : `${count} objects have`;
  return { resource: type.plural, namespace, reason: `${what} ${malformedReason}` };
}

const malformedReason = "no name or no UID and cannot be told";

/** True when a list could be read, but for single objects of it that make no sense. */
export function isMalformedGap(gap: Gap): boolean {
  return gap.reason.endsWith(malformedReason);
}
