/** Makes a response of what came over the wire: decoded JSON, the server's clock, its warnings. */
import { UnreachableError } from "../model/errors.ts";
import type { WireResponse } from "./exchange.ts";
import { warningTexts } from "./headers.ts";
import { withoutManagedFields } from "./managed-fields.ts";
import { noApiServer } from "./network-fault.ts";
import type { KubeResponse } from "./request.ts";
import { firstLine } from "./status.ts";

export interface AnswerContext {
  readonly server: string;
  readonly proxy: string | undefined;
  /** Objects come with empty `managedFields`. */
  readonly withoutManagedFields?: boolean | undefined;
}

/** Throws UnreachableError when the answer cannot be the API server's own: a redirect, HTML, or a success that is not JSON. */
export function readAnswer(wire: WireResponse, context: AnswerContext): KubeResponse {
  if (wire.status >= 300 && wire.status < 400) {
    const to = wire.headers.location === undefined ? "" : ` to ${JSON.stringify(String(wire.headers.location))}`;
    throw foreignAnswer(`a redirect${to} (HTTP ${wire.status})`, context);
  }
  return {
    status: wire.status,
    headers: wire.headers,
    body: readBody(wire, context),
    serverTime: serverTime(wire.headers.date),
    warnings: warningTexts(wire.headers.warning),
  };
}

/** The Date header; undefined when it is missing or unreadable. */
export function serverTime(header: string | undefined): Date | undefined {
  const time = Date.parse(header ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}

function readBody(wire: WireResponse, context: AnswerContext): unknown {
  if (wire.text.trim() === "") return undefined;
  const type = String(wire.headers["content-type"] ?? "");
  const html = type.includes("html") || /^\s*</.test(wire.text);
  if (!html) {
    try {
      return parse(wire.text, context);
    } catch {
      // Aggregated APIs that are down, health endpoints and plain 404s answer with text.
      if (type.startsWith("text/plain") || wire.status >= 300) return wire.text;
    }
  }
  const kind = html ? "an HTML page" : "something that is not JSON";
  throw foreignAnswer(`${kind} (HTTP ${wire.status}): ${JSON.stringify(firstLine(wire.text))}`, context);
}

/** Throws SyntaxError. */
function parse(text: string, { withoutManagedFields: isLean = false }: AnswerContext): unknown {
  const lean = isLean ? withoutManagedFields(text) : text;
  try {
    return JSON.parse(lean) as unknown;
  } catch (error) {
    if (lean === text) throw error;
    return JSON.parse(text) as unknown;
  }
}

function foreignAnswer(what: string, { server, proxy }: AnswerContext): UnreachableError {
  return new UnreachableError(`the server ${server} answered with ${what}`, {
    nameless: noApiServer,
    hint:
      proxy === undefined
        ? "the address may be that of a proxy, a login page or a dashboard instead of the API server"
        : `the answer may come from the proxy in between (${new URL(proxy).host})`,
  });
}
