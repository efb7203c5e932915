/** Faults that tests put between a client and the server: what proxies, networks and broken servers do. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { KubeStatus } from "../status.ts";

export type Fault =
  /** Answers properly, but late (real milliseconds). */
  | { readonly kind: "delay"; readonly ms: number }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Closes the connection without an answer. */
  | { readonly kind: "drop" }
  /** Resets the connection. */
  | { readonly kind: "refuse" }
  /** Answers like a proxy or a login page. */
  | { readonly kind: "html"; readonly status: number; readonly body?: string }
  /** Answers with this Status instead of doing what was asked. */
  | { readonly kind: "status"; readonly status: KubeStatus; readonly headers?: Readonly<Record<string, string>> };

export interface FaultRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly userAgent: string;
}

/** Decides for each request whether something goes wrong with it. */
export type FaultRule = (request: FaultRequest) => Fault | undefined;

/** Carries a fault out on an answer and the TCP connection below it; true when the request is finished with it. */
export async function suffer(fault: Fault, response: ServerResponse, connection: Socket | undefined): Promise<boolean> {
  switch (fault.kind) {
    case "delay":
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
      return false;
    case "hang":
      return true;
    case "drop":
      response.socket?.destroy();
      return true;
    case "refuse":
      connection?.resetAndDestroy();
      return true;
    case "html": {
      const body = fault.body ?? `<html><body><h1>${fault.status}</h1></body></html>`;
      response.writeHead(fault.status, { "Content-Type": "text/html" }).end(body);
      return true;
    }
    case "status":
      response
        .writeHead(fault.status.code, { "Content-Type": "application/json", ...fault.headers })
        .end(JSON.stringify(fault.status));
      return true;
  }
}
