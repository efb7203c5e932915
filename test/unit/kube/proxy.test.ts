/** Which proxy is chosen: the rules of Go's httpproxy, which kubectl follows. */
import { expect, test } from "vitest";
import { proxyFor } from "../../../lib/kube/proxy.ts";

const far = "https://api.example.com:6443";
const rows: readonly [name: string, server: string, env: Record<string, string>, expected: string | undefined][] = [
  ["none is set", far, {}, undefined],
  ["HTTPS_PROXY for https", far, { HTTPS_PROXY: "http://p:1" }, "http://p:1"],
  ["https_proxy as well", far, { https_proxy: "http://p:1" }, "http://p:1"],
  ["HTTP_PROXY is not for https", far, { HTTP_PROXY: "http://p:1" }, undefined],
  ["HTTP_PROXY for http", "http://api.example.com", { HTTP_PROXY: "http://p:1" }, "http://p:1"],
  ["a proxy without a scheme is an http one", far, { HTTPS_PROXY: "p:1" }, "http://p:1"],
  ["a SOCKS proxy", far, { HTTPS_PROXY: "socks5://p:1" }, "socks5://p:1"],
  ["never for localhost", "https://localhost:6443", { HTTPS_PROXY: "http://p:1" }, undefined],
  ["never for loopback addresses", "https://127.0.0.2", { HTTPS_PROXY: "http://p:1" }, undefined],
  ["never for IPv6 loopback", "https://[::1]:6443", { HTTPS_PROXY: "http://p:1" }, undefined],
];
test.for(rows)("%s", ([, server, env, expected]) => {
  expect(proxyFor(server, undefined, env)).toBe(expected);
});

const exemptions: readonly [noProxy: string, server: string, direct: boolean][] = [
  ["*", far, true],
  ["api.example.com", far, true],
  ["example.com", far, true],
  [".example.com", far, true],
  ["*.example.com", far, true],
  [".example.com", "https://example.com", false],
  ["ample.com", far, false],
  ["other.com, example.com", far, true],
  ["EXAMPLE.com", far, true],
  ["example.com:6443", far, true],
  ["example.com:443", far, false],
  ["10.0.0.0/8", "https://10.1.2.3:6443", true],
  ["10.0.0.0/8", "https://11.1.2.3:6443", false],
  ["10.0.0.0/8", "https://api.10.0.0.1.example", false],
  ["fd00::/8", "https://[fd12::1]:6443", true],
  ["10.1.2.3", "https://10.1.2.3", true],
  ["10.1.2.3:443", "https://10.1.2.3", true],
  ["[fd12::1]:6443", "https://[fd12::1]:6443", true],
  ["fd12::1", "https://[fd12::1]:6443", true],
  ["10.0.0.0/99, nonsense/8", "https://10.1.2.3", false],
  ["", far, false],
];
test.for(exemptions)("NO_PROXY=%s and %s: direct is %s", ([noProxy, server, direct]) => {
  const chosen = proxyFor(server, undefined, { HTTPS_PROXY: "http://p:1", NO_PROXY: noProxy });
  expect(chosen).toBe(direct ? undefined : "http://p:1");
});

test("the cluster's own proxy-url goes before everything", () => {
  expect(proxyFor("https://localhost", "http://own:1", { HTTPS_PROXY: "http://p:1", NO_PROXY: "*" })).toBe(
    "http://own:1",
  );
});
