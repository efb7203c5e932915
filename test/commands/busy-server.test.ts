/** A server that is too busy, or about to stop, puts requests off (429 with Retry-After): they are sent again when it says so, as kubectl does. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { failure } from "../../lib/practice/status.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { runCommand } from "./run.ts";

let world: TestCluster;
let putOff: string[];
beforeEach(async () => {
  world = await startCluster("quiet");
  putOff = [];
  const status = failure(429, "Too many requests, please try again later.", "TooManyRequests");
  world.cluster.server.setFault(({ method, url, userAgent }) => {
    const request = `${method} ${url}`;
    if (!userAgent.startsWith("kubectl-vmnode") || /[?&]watch=/.test(url) || putOff.includes(request)) return undefined;
    putOff.push(request);
    return { kind: "status", status, headers: { "retry-after": "1" } };
  });
});
afterEach(() => world.close());

test("a drain and an uncordon come through, although each of their requests is put off once", async () => {
  const drain = await runCommand("drain worker-1 --yes", world.env, world);
  expect(drain.code).toBe(0);
  // Whether a pod may go is asked again by the drain itself, which says so.
  for (const line of drain.stderr.split("\n"))
    expect(line).toMatch(/^error when evicting .* \(will retry\): Too many requests, please try again later\.$/);
  expect(drain.stdout).toContain("node/worker-1 drained");
  expect(await runCommand("uncordon worker-1", world.env, world)).toMatchObject({ code: 0, stderr: "" });
  for (const write of [/^POST .*selfsubjectaccessreviews/, /^POST .*eviction$/, /^PATCH .*nodes\/worker-1/])
    expect(putOff).toContainEqual(expect.stringMatching(write));
});
