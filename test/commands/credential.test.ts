/** A credential that expires in the middle of a drain: the drain ends, and says why. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { KubeResponse, KubeStream } from "../../lib/kube/request.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import type { Through } from "./driven-cluster.ts";
import { runCommand } from "./run.ts";

let world: TestCluster;
beforeEach(async () => {
  world = await startCluster("quiet", 40);
});
afterEach(() => world.close());

const body = { kind: "Status", status: "Failure", reason: "Unauthorized", message: "Unauthorized", code: 401 };
const unauthorized: KubeResponse = { status: 401, headers: {}, body, serverTime: undefined, warnings: [] };

function vmsOn(node: string): number {
  const vmis = world.cluster.store.list({ group: "kubevirt.io", resource: "virtualmachineinstances" });
  return vmis.filter(({ status }) => status?.nodeName === node).length;
}

/** The lines that come before `end`, for which `look` looks at each. */
async function* until(end: Promise<void>, { lines }: KubeStream, look: () => void): AsyncIterable<string> {
  const iterator = lines[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([iterator.next(), end]);
    if (next === undefined || next.done) return;
    look();
    yield next.value;
  }
}

/** From the moment on at which no more than `vms` are left on worker-1; what is watched then goes on, or ends, too. */
function expiringAt(vms: number, { watchesEnd }: { readonly watchesEnd: boolean }): Through {
  let expired = false;
  let expire: () => void = () => {};
  const expiry = new Promise<void>((resolve) => {
    expire = resolve;
  });
  const isExpired = () => {
    if (expired || vmsOn("worker-1") > vms) return expired;
    expired = true;
    if (watchesEnd) expire();
    return true;
  };
  return (connection) => ({
    ...connection,
    send: (request) => (isExpired() ? Promise.resolve(unauthorized) : connection.send(request)),
    stream: async (request) => {
      if (isExpired()) return unauthorized;
      const stream = await connection.stream(request);
      if (!("lines" in stream)) return stream;
      // A drain that only watches asks for nothing while VMs leave.
      return { ...stream, lines: until(expiry, stream, isExpired), close: () => stream.close() };
    },
  });
}

test("with everything moved, but not verified: it gives up after a minute, and warns once", async () => {
  const through = expiringAt(0, { watchesEnd: false });
  const { code, stdout, stderr } = await runCommand("drain worker-1 --yes", world.env, { ...world, through });
  expect(code, stdout).toBe(4);
  expect(stdout).toContain("Gave up: for a minute it could not be verified that nothing is left.");
  expect(stdout).not.toContain("node/worker-1 drained");
  expect(stderr.match(/could not be read afresh: .*Unauthorized/g)).toHaveLength(1);
});

test("while VMs are under way, and nothing can be watched: it ends after a minute, and says so once", async () => {
  const through = expiringAt(3, { watchesEnd: true });
  const { code, stdout, stderr } = await runCommand("drain worker-1 --yes", world.env, { ...world, through });
  expect(code, stdout).toBe(4);
  expect(stdout).toContain("Stopped: the API server does not accept the credential any more");
  expect(stdout).toContain("takes the drain up again");
  expect(stderr.match(/Warning: You must be logged in/g)).toHaveLength(1);
});
