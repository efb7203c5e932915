/** What went wrong below HTTP, said so that the user knows which setting to look at. */
import { UnreachableError } from "../model/errors.ts";

export interface FaultPlace {
  /** Address of the API server. */
  readonly server: string;
  /** The proxy in between, without its password. */
  readonly proxy: string | undefined;
}

interface Fault {
  readonly message: string;
  readonly hint: string;
  /** Where somebody has answered. */
  readonly nameless?: string;
}

const untrusted = "the API server's certificate is not trusted";
/** For a foreign answer, too. */
export const noApiServer = "what answers is no API server";

/** One sentence and one hint for an error of node:http, node:tls or node:dns. The original is kept as the cause. */
export function networkFault(error: unknown, place: FaultPlace): UnreachableError {
  const { message: text, ...rest } = describe(rootCause(error), place);
  return new UnreachableError(text, { ...rest, cause: error });
}

/** No answer within the time limit. */
export function timeoutFault(place: FaultPlace, ms: number, stage: "connect" | "answer"): UnreachableError {
  const seconds = `${ms / 1000}s`;
  return stage === "connect"
    ? new UnreachableError(`no connection to the server ${place.server} within ${seconds}`, { hint: routeHint(place) })
    : new UnreachableError(`the server ${place.server} did not answer within ${seconds}`, {
        hint: "a longer limit can be set with --request-timeout",
      });
}

interface NodeError {
  readonly code?: string;
  readonly message?: string;
  /** Of errors about certificates: the server's. */
  readonly cert?: { readonly subjectaltname?: string };
}

function rootCause(error: unknown): NodeError {
  let current = error as NodeError & { cause?: unknown; errors?: readonly unknown[] };
  // A host with several addresses fails with one error for each; the first says what is wrong.
  while (current?.cause ?? current?.errors?.[0]) current = (current.cause ?? current.errors?.[0]) as typeof current;
  return current ?? {};
}

function describe(error: NodeError, place: FaultPlace): Fault {
  const { code = "", message = "" } = error;
  const url = new URL(place.server);
  const via = place.proxy === undefined ? "" : ` (through the proxy ${place.proxy})`;
  const host = url.host;
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return {
        message: `the name ${nameIn(message) ?? url.hostname} cannot be resolved${via}`,
        hint: "look at the server's address in the kubeconfig (or --server), at DNS and at the VPN",
      };
    case "ECONNREFUSED":
      return {
        message: `The connection to the server ${host} was refused${via} - did you specify the right host or port?`,
        hint: routeHint(place),
      };
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return { message: `no route to the server ${place.server}${via} (${code})`, hint: routeHint(place) };
    case "ECONNRESET":
    case "EPIPE":
    case "ECONNABORTED":
      return {
        message: `the connection to the server ${place.server}${via} was closed before the answer was complete`,
        hint: "the server, or a proxy or firewall before it, cut the connection; try again",
      };
    default:
      return (
        tlsFault(error, place) ?? {
          message: `no answer from the server ${place.server}${via}: ${message || code}`,
          hint: routeHint(place),
        }
      );
  }
}

/** Codes of OpenSSL's certificate checks and of Node's TLS layer. */
function tlsFault({ code = "", message = "", cert }: NodeError, place: FaultPlace): Fault | undefined {
  const { server } = place;
  const { hostname } = new URL(server);
  switch (code) {
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "CERT_SIGNATURE_FAILURE":
      return {
        message: `tls: failed to verify the certificate of ${server}: it is signed by an unknown authority`,
        hint: "the cluster's certificate-authority in the kubeconfig (or --certificate-authority) is not the one that signed it",
        nameless: untrusted,
      };
    case "CERT_HAS_EXPIRED":
      return {
        message: `tls: the certificate of ${server} has expired`,
        hint: "renew the API server's certificate, or set this machine's clock",
        nameless: untrusted,
      };
    case "CERT_NOT_YET_VALID":
      return {
        message: `tls: the certificate of ${server} is not valid yet`,
        hint: "set this machine's clock",
        nameless: untrusted,
      };
    case "ERR_TLS_CERT_ALTNAME_INVALID": {
      const asked = /(?:Host|IP): (\S+?)\.? is not in/.exec(message)?.[1] ?? hostname;
      return {
        message: `tls: the certificate of ${server} is valid for ${cert?.subjectaltname || "no name"}, not for ${asked}`,
        hint: "use a name that is in the certificate, or give one with --tls-server-name",
        nameless: untrusted,
      };
    }
    default:
  }
  if (/wrong version number|packet length too long|http request/i.test(message)) {
    return {
      message: `the server ${server} does not speak TLS`,
      hint: "should its address start with http:// instead of https://?",
      nameless: noApiServer,
    };
  }
  if (/alert/i.test(message) && /certificate|unknown ca/i.test(message)) {
    return {
      message: `tls: the server ${server} refused our client certificate (${alertText(message)})`,
      hint: "the user's client-certificate in the kubeconfig has expired or belongs to another cluster",
      nameless: "the API server refuses the client certificate",
    };
  }
  return code.startsWith("HPE_") || code.startsWith("ERR_SSL") || code === "EPROTO"
    ? {
        message: `the server ${server} does not answer like a Kubernetes API server (${message})`,
        hint: routeHint(place),
        nameless: noApiServer,
      }
    : undefined;
}

function alertText(message: string): string {
  return /alert ([a-z ]+)/i.exec(message)?.[1]?.trim() ?? message;
}

function nameIn(message: string): string | undefined {
  return /(?:ENOTFOUND|EAI_AGAIN) (\S+)/.exec(message)?.[1];
}

function routeHint(place: FaultPlace): string {
  return place.proxy === undefined
    ? "look at the server's address in the kubeconfig (or --server); is the server up, is a VPN or a proxy needed?"
    : `the way leads through the proxy ${place.proxy}: proxy-url in the kubeconfig, else HTTPS_PROXY and NO_PROXY`;
}
