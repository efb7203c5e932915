/** Why a request failed, for what is pasted into issues. */
import { describe, expect, test } from "vitest";
import { ConfigError, ExpectedError, KubeError, UnreachableError } from "../../../lib/model/errors.ts";
import { namelessReason } from "../../../lib/observe/nameless.ts";

const refusal = (message: string, code = 500, reason = "InternalError") =>
  new KubeError({ code, reason, message, causes: [] });
const names = ["https://api.prod.example.org:6443", "oidc:Jane Doe", "prod-admin@cluster"];

test.each([
  ["etcdserver: request timed out", "etcdserver: request timed out"],
  ['nodes is forbidden: User "eve" cannot list resource "nodes"', "nodes is forbidden: User … cannot list resource …"],
  ["dial tcp 10.96.0.1:443: connect: connection refused", "dial tcp … connect: connection refused"],
  ["no entry for key /registry/kubevirt.io/vmis/shop/web in storage", "no entry for key … in storage"],
  ["Denied: jane may not (Doe, of prod)", "Denied: … may not … of …"],
  ["user 'some body' at `some host` is gone", "user … at … is gone"],
  ["worker-1 and vm7 and a.b and c@d and e=f", "… and … and … and … and …"],
  ["the server answered with HTTP status 502: <html>", "the server answered with HTTP status 502: …"],
  ["the first line\nand another", "the first line and another"],
])("of %j is left %j", (message, words) => {
  expect(namelessReason(refusal(message), names)).toBe(`${words} (500 InternalError)`);
});

test("a long text is cut, and a reason that may be a name is left out", () => {
  const reason = namelessReason(refusal("word ".repeat(100), 418, "node-1 is ill"), names);
  expect(reason.length).toBeLessThan(140);
  expect(reason).toMatch(/… \(418\)$/);
});

describe("where the server said nothing", () => {
  test.each([
    [new UnreachableError("https://10.0.0.1 does not answer"), "no answer came"],
    [new ConfigError("exec: executable of jane failed"), "no credential was accepted"],
    [new ExpectedError("named", { nameless: "what answers is no API server" }), "what answers is no API server"],
  ])("%s: %s", (error, reason) => {
    expect(namelessReason(error, names)).toBe(reason);
  });
});
