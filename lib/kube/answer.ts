/** Makes a response of what came over the wire: decoded JSON, the server's clock, its warnings. */
import { UnreachableError } from "../model/errors.ts";
import type { WireResponse } from "./exchange.ts";
import { warningTexts } from "./headers.ts";
import type { KubeResponse } from "./request.ts";
import { firstLine } from "./status.ts";

/** Throws UnreachableError when the answer cannot be the API server's own: a redirect, HTML, or a success that is not JSON. */
export function readAnswer(wire: WireResponse, server: string, proxy: string | undefined): KubeResponse {
  if (wire.status >= 300 && wire.status < 400) {
    const to = wire.headers.location === undefined ? "" : ` to ${JSON.stringify(String(wire.headers.location))}`;
    throw foreignAnswer(`a redirect${to} (HTTP ${wire.status})`, server, proxy);
  }
  return {
    status: wire.status,
    headers: wire.headers,
    body: readBody(wire, server, proxy),
    serverTime: serverTime(wire.headers.date),
    warnings: warningTexts(wire.headers.warning),
  };
}

/** The Date header; undefined when it is missing or unreadable. */
export function serverTime(header: string | undefined): Date | undefined {
  const time = Date.parse(header ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}

function readBody(wire: WireResponse, server: string, proxy: string | undefined): unknown {
  if (wire.text.trim() === "") return undefined;
  const type = String(wire.headers["content-type"] ?? "");
  const html = type.includes("html") || /^\s*</.test(wire.text);
  if (!html) {
    try {
      return JSON.parse(wire.text) as unknown;
    } catch {
      // Aggregated APIs that are down, health endpoints and plain 404s answer with text.
      if (type.startsWith("text/plain") || wire.status >= 300) return wire.text;
    }
  }
  const kind = html ? "an HTML page" : "something that is not JSON";
  throw foreignAnswer(`${kind} (HTTP ${wire.status}): ${JSON.stringify(firstLine(wire.text))}`, server, proxy);
}

function foreignAnswer(what: string, server: string, proxy: string | undefined): UnreachableError {
  return new UnreachableError(`the server ${server} answered with ${what}`, {
    hint:
      proxy === undefined
        ? "the address may be that of a proxy, a login page or a dashboard instead of the API server"
        : `the answer may come from the proxy in between (${new URL(proxy).host})`,
  });
}
