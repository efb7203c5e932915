/** Reads collections page by page. */
import { type JsonObject, objectOf, textOf } from "../model/json.ts";
import type { ListOptions, ListRest, ResourceType } from "./api.ts";
import type { Connection } from "./connection.ts";
import type { KubeResponse } from "./request.ts";
import { collectionPath } from "./resource-path.ts";
import { requireSuccess, statusDetails } from "./status.ts";

export interface PageRequest {
  readonly type: ResourceType;
  readonly options: ListOptions;
  readonly accept?: string | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
}

/** A whole collection: what `take` made of its pages. */
export interface Collected<T> {
  readonly parts: T[];
  /** Of the first page: a watch from there misses nothing. */
  readonly resourceVersion: string;
  readonly serverTime: Date | undefined;
  readonly rest?: ListRest | undefined;
}

/** kubectl's --chunk-size. */
const pageSize = 500;

/**
 * Asks for pages until the server has no more, or there were enough, and hands each to `take`, so that a page can be reduced and dropped.
 * A continue token that has expired (410) starts over once, without a limit, as client-go's pager does.
 * Throws KubeError when the server refuses; `take` may end everything by throwing.
 */
export async function readPages<T>(
  connection: Connection,
  request: PageRequest,
  take: (body: JsonObject) => T,
): Promise<Collected<T>> {
  const { limit = pageSize, pagesAtMost = Number.POSITIVE_INFINITY, from } = request.options;
  const parts: T[] = [];
  let first: { readonly resourceVersion: string; readonly serverTime: Date | undefined } | undefined;
  let rest: ListRest | undefined;
  do {
    const token = rest?.from ?? from;
    const response = await connection.send(pageRequest(request, { limit, continue: token }));
    if (token !== undefined && statusDetails(response).code === 410) return await readWhole(connection, request, take);
    const page = readPage(response);
    first ??= { resourceVersion: page.resourceVersion, serverTime: response.serverTime };
    parts.push(take(page.body));
    rest = page.rest;
  } while (rest !== undefined && parts.length < pagesAtMost);
  return { parts, ...first, rest };
}

async function readWhole<T>(
  connection: Connection,
  request: PageRequest,
  take: (body: JsonObject) => T,
): Promise<Collected<T>> {
  const response = await connection.send(pageRequest(request, {}));
  const { body, resourceVersion } = readPage(response);
  return { parts: [take(body)], resourceVersion, serverTime: response.serverTime };
}

function pageRequest(
  { type, options, accept, query }: PageRequest,
  page: Readonly<Record<string, string | number | undefined>>,
) {
  const { namespace, labelSelector, fieldSelector, signal, timeoutMs, as, withoutManagedFields } = options;
  return {
    method: "GET",
    path: collectionPath(type, namespace),
    query: { labelSelector: labelSelector || undefined, fieldSelector: fieldSelector || undefined, ...query, ...page },
    accept,
    withoutManagedFields,
    signal,
    timeoutMs,
    as,
  } as const;
}

function readPage(response: KubeResponse): {
  readonly body: JsonObject;
  readonly resourceVersion: string;
  readonly rest: ListRest | undefined;
} {
  const body = objectOf(requireSuccess(response));
  const { continue: token, resourceVersion, remainingItemCount } = objectOf(body.metadata);
  const from = textOf(token);
  const count = typeof remainingItemCount === "number" ? remainingItemCount : undefined;
  return { body, resourceVersion: textOf(resourceVersion), rest: from === "" ? undefined : { from, count } };
}
