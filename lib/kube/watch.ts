/** One watch: events as they come, on a connection of its own, from one resourceVersion to the next. */
import { UnreachableError } from "../model/errors.ts";
import { isObject, objectOf, textOf } from "../model/json.ts";
import type { ResourceType, WatchEvent, WatchOptions } from "./api.ts";
import type { Connection } from "./connection.ts";
import { collectionPath } from "./resource-path.ts";
import { requireSuccess, statusDetails } from "./status.ts";

/** The server ends a watch after this many seconds; client-go chooses between 5 and 10 minutes. */
const serverSeconds = 480;

/**
 * Yields events until the server, silence, a broken connection or the signal ends the watch; the last event says how to
 * go on. Throws KubeError when the server refuses to watch, UnreachableError when no connection can be had.
 */
export async function* watchEvents(
  connection: Connection,
  type: ResourceType,
  options: WatchOptions,
): AsyncGenerator<WatchEvent> {
  let { resourceVersion } = options;
  const stream = await connection.stream({
    method: "GET",
    path: collectionPath(type, options.namespace),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds: serverSeconds,
      labelSelector: options.labelSelector || undefined,
      fieldSelector: options.fieldSelector || undefined,
    },
    signal: options.signal,
  });
  if ("status" in stream) {
    if (statusDetails(stream).code === 410) {
      yield { type: "ENDED", reason: "expired", resourceVersion };
      return;
    }
    requireSuccess(stream);
    return;
  }
  let reason: "closed" | "expired" = "closed";
  try {
    for await (const line of stream.lines) {
      const event = readEvent(line);
      if (event === "expired") reason = "expired";
      if (typeof event === "string") break;
      resourceVersion = event.resourceVersion || resourceVersion;
      yield event;
    }
  } catch (error) {
    // A watch is only a hint of what changed: a new one from the last resourceVersion loses nothing.
    if (!(error instanceof UnreachableError)) throw error;
  } finally {
    stream.close();
  }
  yield { type: "ENDED", reason, resourceVersion };
}

/** An event; or how the watch ends: by an ERROR event (a Status, 410 in most cases), or a line that is no event. */
function readEvent(line: string): Exclude<WatchEvent, { type: "ENDED" }> | "expired" | "closed" {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return "closed";
  }
  if (!isObject(event) || !isObject(event.object)) return "closed";
  const { type, object } = event;
  const resourceVersion = textOf(objectOf(object.metadata).resourceVersion);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object, resourceVersion };
    case "BOOKMARK":
      return { type, resourceVersion };
    case "ERROR":
      return object.code === 410 || object.reason === "Expired" || object.reason === "Gone" ? "expired" : "closed";
    default:
      return "closed";
  }
}
