/** Reads what the API server says when it refuses: the Status object of a response, or whatever came in its place. */
import { ConfigError, KubeError, type StatusDetails } from "../model/errors.ts";
import { isObject, objectOf, objectsOf, textOf } from "../model/json.ts";
import type { KubeResponse } from "./request.ts";

/** Reason phrases as apimachinery's `StatusReason`, for answers that are no Status object. */
const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** The details of any answer; of a successful one only `code` has a meaning. */
export function statusDetails(response: Pick<KubeResponse, "status" | "headers" | "body">): StatusDetails {
  const { status: code, headers, body } = response;
  const header = Number(headers["retry-after"]);
  const retryAfter = headers["retry-after"] === undefined || Number.isNaN(header) ? undefined : header;
  if (!isObject(body) || body.kind !== "Status") {
    const text = typeof body === "string" ? firstLine(body) : undefined;
    return {
      code,
      reason: reasons[code] ?? "",
      message: text
        ? `the server answered with HTTP status ${code}: ${text}`
        : `the server answered with HTTP status ${code}`,
      causes: [],
      retryAfterSeconds: retryAfter,
    };
  }
  const details = objectOf(body.details);
  return {
    code,
    reason: textOf(body.reason),
    message: textOf(body.message) || `the server answered with HTTP status ${code}`,
    causes: objectsOf(details.causes).map((cause) => ({ type: textOf(cause.reason), message: textOf(cause.message) })),
    retryAfterSeconds: typeof details.retryAfterSeconds === "number" ? details.retryAfterSeconds : retryAfter,
  };
}

/**
 * The body of a successful answer. Throws KubeError for a refusal, and ConfigError in kubectl's words for a 401, because
 * then no request of this configuration can succeed.
 */
export function requireSuccess(response: KubeResponse): unknown {
  if (response.status >= 200 && response.status < 300) return response.body;
  const details = statusDetails(response);
  if (response.status === 401) {
    throw new ConfigError(`You must be logged in to the server (${details.reason || "Unauthorized"})`, {
      hint: "the credential of the kubeconfig's user is missing, wrong or expired: log in again, or choose another --context or --user",
    });
  }
  throw new KubeError(details);
}

/** The first line of a foreign text that has one, short enough for a message. */
export function firstLine(text: string): string {
  const line = text.split("\n").find((candidate) => candidate.trim() !== "") ?? "";
  const trimmed = line.trim();
  return trimmed.length > 120 ? `${trimmed.slice(0, 120)}…` : trimmed;
}
