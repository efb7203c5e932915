/** Watches: events from a resource version on, bookmarks, initial events, tables (apiserver pkg/endpoints/handlers/watch.go, storage/cacher). */
import { invalid, type StatusCause } from "../status.ts";
import type { KubeObject, StoreEvent } from "../store.ts";
import { type ApiContext, jsonText, type Reply, type ResourceCall } from "./call.ts";
import { type Format, negotiate } from "./formats.ts";
import { selection, storageKey } from "./reading.ts";
import type { Filter } from "./selectors.ts";
import { partialMetadataText, tableText } from "./table.ts";
import { asServed } from "./versions.ts";

const bookmarkEveryMs = 60_000;
/** kube-apiserver ends watches without a timeout after 30 to 60 minutes. */
const shortestMs = 30 * 60_000;

/** GET with `watch=true`. */
export function watchObjects(context: ApiContext, call: ResourceCall): Reply {
  const format = negotiate(call);
  checkWatchOptions(call);
  const filter = selection(call);
  return { status: 200, stream: (write, done) => new Watch(context, call, { format, filter, write, done }).start() };
}

interface WatchOptions {
  readonly format: Format;
  readonly filter: Filter | undefined;
  readonly write: (text: string) => void;
  readonly done: () => void;
}

type EventType = StoreEvent["type"] | "BOOKMARK";

class Watch {
  readonly #context: ApiContext;
  readonly #call: ResourceCall;
  readonly #options: WatchOptions;
  #headersSent = false;
  #latest = "";
  #stop: () => void = () => undefined;

  constructor(context: ApiContext, call: ResourceCall, options: WatchOptions) {
    this.#context = context;
    this.#call = call;
    this.#options = options;
  }

  start(): void {
    const { store, clock } = this.#context;
    const { query, signal, resource } = this.#call;
    const from = query.get("resourceVersion") ?? "";
    const initialEvents = query.get("sendInitialEvents") === "true";
    this.#latest = store.version();
    if (initialEvents || from === "" || from === "0") this.#sendExisting(initialEvents);
    else if (!this.#sendMissed(from)) return;
    const { group, resource: name } = storageKey(resource);
    const unsubscribe = store.subscribe((event) => {
      if (event.key.resource === name && event.key.group === group) this.#send(event);
      else this.#latest = event.object.metadata.resourceVersion;
    });
    const timeoutMs = Number(query.get("timeoutSeconds") ?? 0) * 1000 || shortestMs * (1 + Math.random());
    const cancelTimeout = clock.schedule(timeoutMs, () => this.#end());
    const cancelBookmarks = query.get("allowWatchBookmarks") === "true" ? this.#scheduleBookmark() : undefined;
    this.#stop = () => {
      unsubscribe();
      cancelTimeout();
      cancelBookmarks?.();
    };
    if (signal.aborted) this.#end();
    else signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  #end(): void {
    this.#stop();
    this.#options.done();
  }

  /** The present state as ADDED events; a client that asked for it is told where that ends. */
  #sendExisting(withBookmark: boolean): void {
    const { store } = this.#context;
    const { resource, info } = this.#call;
    const { filter } = this.#options;
    for (const object of store.list(storageKey(resource), info.namespace || undefined)) {
      if (filter === undefined || filter(object)) this.#write("ADDED", object);
    }
    if (withBookmark) this.#bookmark({ "k8s.io/initial-events-end": "true" });
  }

  /** False when the history does not reach back to `from`: the watch ends with the error that says so. */
  #sendMissed(from: string): boolean {
    const { store } = this.#context;
    const missed = store.since(storageKey(this.#call.resource), from);
    if (missed === "expired") {
      const message = `too old resource version: ${from} (${store.version()})`;
      const status = {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message,
        reason: "Expired",
        code: 410,
      };
      this.#options.write(`{"type":"ERROR","object":${JSON.stringify(status)}}\n`);
      this.#options.done();
      return false;
    }
    for (const event of missed) this.#send(event);
    return true;
  }

  /** An object that enters the selection is added to it, one that leaves it is deleted from it, whatever really happened. */
  #send({ type, object, previous }: StoreEvent): void {
    this.#latest = object.metadata.resourceVersion;
    const { info } = this.#call;
    if (info.namespace !== "" && object.metadata.namespace !== info.namespace && this.#call.resource.namespaced) return;
    const { filter } = this.#options;
    if (filter === undefined) {
      this.#write(type, object);
      return;
    }
    const matches = type !== "DELETED" && filter(object);
    const matched = type !== "ADDED" && previous !== undefined && filter(previous);
    if (matches) this.#write(matched ? "MODIFIED" : "ADDED", object);
    else if (matched && previous !== undefined) {
      const { resourceVersion } = object.metadata;
      this.#write("DELETED", { ...previous, metadata: { ...previous.metadata, resourceVersion } });
    }
  }

  #scheduleBookmark(): () => void {
    let cancel = (): void => undefined;
    const next = (): void => {
      cancel = this.#context.clock.schedule(bookmarkEveryMs, () => {
        this.#bookmark();
        next();
      });
    };
    next();
    return () => cancel();
  }

  #bookmark(annotations?: Record<string, string>): void {
    const { resource } = this.#call;
    const object = {
      kind: resource.kind,
      apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
      metadata: { resourceVersion: this.#latest, creationTimestamp: null, ...(annotations && { annotations }) },
    };
    this.#write("BOOKMARK", object as unknown as KubeObject);
  }

  #write(type: EventType, stored: KubeObject): void {
    const object = asServed(stored, this.#call.resource, this.#call.info.version);
    this.#options.write(`{"type":"${type}","object":${this.#text(object, stored)}}\n`);
  }

  #text(object: KubeObject, stored: KubeObject): string {
    const { format } = this.#options;
    if (format.as === "object") return jsonText(object);
    if (format.as !== "Table") return partialMetadataText(object, format.version);
    const headers = !this.#headersSent;
    this.#headersSent = true;
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    return tableText(this.#call.resource, [stored], { metadata, now: this.#context.clock.now(), headers, ...format });
  }
}

/** Throws 422 for options that make no sense for a watch (apimachinery validateWatchOptions). */
function checkWatchOptions({ query }: ResourceCall): void {
  const match = query.get("resourceVersionMatch") ?? "";
  const causes: StatusCause[] = [];
  const forbid = (message: string): void =>
    void causes.push({
      reason: "FieldValueForbidden",
      field: "resourceVersionMatch",
      message: `Forbidden: ${message}`,
    });
  if (query.has("sendInitialEvents") && match !== "NotOlderThan") {
    forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (match !== "" && !query.has("sendInitialEvents")) {
    forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", causes);
}
