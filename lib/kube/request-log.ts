/** The lines of -v=6 and above: requests as kubectl logs them, without anything that logs in. */
import type { OutgoingHttpHeaders } from "node:http";
import type { WireResponse } from "./exchange.ts";

export interface RequestLog {
  sent(method: string, url: string, headers: OutgoingHttpHeaders, body: string | undefined): void;
  answered(method: string, url: string, answer: WireResponse, milliseconds: number): void;
}

const secretHeaders = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);
const secretFields =
  /("(?:[\w-]*token|password|client-key-data|clientKeyData|[\w-]*secret)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi;

/** Characters of a body that are logged at levels 8 and 9, as kubectl cuts them; from 10 on all. */
const bodyLimits: Readonly<Record<number, number>> = { 8: 1024, 9: 10_240 };

/** Logs nothing, and costs nothing, below level 6. */
export function requestLog(verbosity: number, log: (level: number, line: string) => void): RequestLog {
  if (!(verbosity >= 6)) return { sent() {}, answered() {} };
  const headers = (title: string, values: Readonly<Record<string, unknown>>) => {
    if (verbosity < 7) return;
    log(7, `${title}:`);
    for (const [name, value] of Object.entries(values)) log(7, `    ${name}: ${redactedHeader(name, value)}`);
  };
  const body = (title: string, text: string | undefined) => {
    if (verbosity < 8 || text === undefined || text === "") return;
    const limit = bodyLimits[verbosity] ?? Number.POSITIVE_INFINITY;
    const cut = text.length > limit ? ` [truncated ${text.length - limit} chars]` : "";
    log(8, `${title}: ${text.replace(secretFields, '$1"<masked>"').slice(0, limit)}${cut}`);
  };
  return {
    sent: (method, url, values, text) => {
      if (verbosity >= 7) log(7, `${method} ${url}`);
      headers("Request Headers", values);
      body("Request Body", text);
    },
    answered: (method, url, answer, milliseconds) => {
      log(6, `${method} ${url} ${answer.status} ${answer.statusText} in ${milliseconds} milliseconds`);
      headers("Response Headers", answer.headers);
      body("Response Body", answer.text);
    },
  };
}

function redactedHeader(name: string, value: unknown): string {
  const text = Array.isArray(value) ? value.join(", ") : String(value);
  if (!secretHeaders.has(name.toLowerCase())) return text;
  return /^(Bearer|Basic) /.test(text) ? `${text.split(" ", 1)[0]} <masked>` : "<masked>";
}
