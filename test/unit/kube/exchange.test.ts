/** Requests that share a connection: what one leaves behind for the next. */
import { once } from "node:events";
import https from "node:https";
import type { Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { guarded, headersOf, wholeOf } from "../../../lib/kube/exchange.ts";
import { closeServers, fakeServer, testAuthority } from "./fake-server.ts";

afterEach(closeServers);

test("a connection that is handed from request to request without a pause collects no listeners", async () => {
  const authority = await testAuthority();
  const { url } = await fakeServer(() => ({}), { tls: { authority, names: ["127.0.0.1"] } });
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: authority.certificate });
  const request = {
    method: "GET",
    path: "/",
    headers: {},
    body: undefined,
    tls: {},
    timeoutMs: 5_000,
    signal: undefined,
  };
  const sockets = new Set<Socket>();
  const send = () =>
    guarded(
      () => {
        const outgoing = https.get(url, { agent });
        void once(outgoing, "socket").then(([socket]) => sockets.add(socket));
        return outgoing;
      },
      request,
      { server: url, proxy: undefined },
      async (outgoing) => await wholeOf(await headersOf(outgoing)),
    );
  await Promise.all(Array.from({ length: 12 }, send));
  expect(sockets.size).toBe(1);
  expect([...sockets].map((socket) => socket.listenerCount("secureConnect"))).toEqual([0]);
  agent.destroy();
});
