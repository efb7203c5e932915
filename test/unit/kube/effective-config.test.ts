/** What flags make of a kubeconfig where `kubectl config view` cannot show it, and where we differ from kubectl on purpose. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ConnectionOptions } from "../../../lib/kube/effective-config.ts";
import { effectiveConfig } from "../../../lib/kube/effective-config.ts";
import { loadKubeconfig, parseKubeconfig, windowsHome } from "../../../lib/kube/kubeconfig.ts";
import { temporaryFolder } from "./surroundings.ts";

const folder = temporaryFolder();
afterAll(folder.remove);
const ca = folder.write("ca.pem", "ca");
const certificate = folder.write("client.pem", "certificate");
const key = folder.write("client.key", "key");

const base = `
current-context: a
clusters:
- {name: a, cluster: {server: "https://a.example/", tls-server-name: inner, certificate-authority-data: Y2E=}}
- {name: b, cluster: {server: "https://b.example:6443/k8s/clusters/c-1/"}}
- {name: noserver, cluster: {tls-server-name: x}}
contexts:
- {name: a, context: {cluster: a, user: a, namespace: team}}
- {name: nouser, context: {cluster: a}}
- {name: gone, context: {cluster: gone, user: gone}}
- {name: gonecluster, context: {cluster: gone, user: a}}
- {name: goneuser, context: {cluster: a, user: gone}}
users:
- {name: a, user: {token: file}}
- {name: tokenfile, user: {tokenFile: token}}
- {name: certificate, user: {client-certificate-data: YQ==, client-key-data: YQ==}}
- {name: anonymous, user: {}}
`;

const effective = (options: ConnectionOptions, text = base, env: Record<string, string> = {}) =>
  effectiveConfig(parseKubeconfig(text, path.join(folder.path, "config")), options, { env });

const overrides: readonly { readonly name: string; readonly options: ConnectionOptions; readonly gives: object }[] = [
  {
    name: "nothing",
    options: {},
    gives: { context: "a", namespace: "team", cluster: { server: "https://a.example" }, timeoutMs: 30_000 },
  },
  { name: "--namespace", options: { namespace: "other" }, gives: { namespace: "other" } },
  {
    name: "--cluster",
    options: { cluster: "b" },
    gives: { clusterName: "b", cluster: { server: "https://b.example:6443/k8s/clusters/c-1" } },
  },
  {
    name: "--user",
    options: { user: "certificate" },
    gives: { userName: "certificate", user: { clientKeyData: "YQ==" } },
  },
  {
    name: "--server, which drops the file's tls-server-name",
    options: { server: "https://other" },
    gives: { cluster: { server: "https://other", tlsServerName: undefined, certificateAuthorityData: "Y2E=" } },
  },
  {
    name: "--server with --tls-server-name",
    options: { server: "https://other", tlsServerName: "named" },
    gives: { cluster: { tlsServerName: "named" } },
  },
  {
    name: "--server without a scheme",
    options: { server: "host:8001" },
    gives: { cluster: { server: "http://host:8001" } },
  },
  {
    name: "--server without a scheme, but TLS flags",
    options: { server: "host:6443", insecureSkipTlsVerify: true },
    gives: { cluster: { server: "https://host:6443" } },
  },
  {
    name: "--certificate-authority, which replaces the file's",
    options: { certificateAuthority: ca },
    gives: {
      cluster: { certificateAuthority: ca, certificateAuthorityData: undefined, insecureSkipTlsVerify: undefined },
    },
  },
  {
    name: "--insecure-skip-tls-verify, which drops the file's authority",
    options: { insecureSkipTlsVerify: true },
    gives: { cluster: { certificateAuthorityData: undefined, insecureSkipTlsVerify: true } },
  },
  {
    name: "--client-certificate and --client-key, which replace the file's data",
    options: { user: "certificate", clientCertificate: certificate, clientKey: key },
    gives: {
      user: {
        clientCertificate: certificate,
        clientCertificateData: undefined,
        clientKey: key,
        clientKeyData: undefined,
      },
    },
  },
  {
    name: "--token, which wins over a token file",
    options: { user: "tokenfile", token: "flag" },
    gives: { user: { token: "flag", tokenFile: undefined } },
  },
  {
    name: "--token, which makes a user unnecessary",
    options: { context: "nouser", token: "t" },
    gives: { user: { token: "t" } },
  },
  {
    name: "flags that replace both dangling names",
    options: { context: "gone", server: "https://x", token: "t" },
    gives: { cluster: { server: "https://x" } },
  },
  {
    name: "impersonation",
    options: { as: "jane", asGroup: ["g", "h"], asUid: "7", asUserExtra: ["a=1", "a=2", "b=x=y"] },
    gives: { user: { as: "jane", asGroups: ["g", "h"], asUid: "7", asUserExtra: { a: ["1", "2"], b: ["x=y"] } } },
  },
  {
    name: "--request-timeout as a bare number of seconds",
    options: { requestTimeout: "5" },
    gives: { timeoutMs: 5000 },
  },
  { name: "--request-timeout as a Go duration", options: { requestTimeout: "1m30s" }, gives: { timeoutMs: 90_000 } },
  { name: "a --request-timeout below what timers count", options: { requestTimeout: "1ns" }, gives: { timeoutMs: 1 } },
  { name: "--request-timeout=0", options: { requestTimeout: "0" }, gives: { timeoutMs: undefined } },
];

test.for(overrides)("$name", async ({ options, gives }) => {
  expect(await effective(options)).toMatchObject(gives);
});

const refused: readonly {
  readonly name: string;
  readonly options: ConnectionOptions;
  readonly text?: string;
  readonly says: RegExp;
}[] = [
  {
    name: "a context whose cluster is gone",
    options: { context: "gonecluster" },
    says: /^cluster "gone" was not found for context "gonecluster"$/,
  },
  {
    name: "a context whose user is gone",
    options: { context: "goneuser" },
    says: /^user "gone" was not found for context "goneuser"$/,
  },
  {
    name: "a context without user",
    options: { context: "nouser" },
    says: /^user was not specified for context "nouser"$/,
  },
  {
    name: "a user without credential",
    options: { user: "anonymous" },
    says: /^user "anonymous" of the kubeconfig has no credential$/,
  },
  {
    name: "a cluster without server",
    options: { cluster: "noserver" },
    says: /^no server found for cluster "noserver"$/,
  },
  { name: "no current-context", options: {}, text: base.replace("current-context: a", ""), says: /^no context chosen/ },
  { name: "an empty file", options: {}, text: "", says: /^the kubeconfig .*config names no cluster$/ },
  { name: "--server that is no address", options: { server: "https://" }, says: /is not the address of a server$/ },
  { name: "--server with another scheme", options: { server: "ftp://x" }, says: /neither https:\/\/ nor http:\/\/$/ },
  {
    name: "--request-timeout that is no time",
    options: { requestTimeout: "soon" },
    says: /^invalid --request-timeout "soon"$/,
  },
  { name: "--request-timeout in the past", options: { requestTimeout: "-3s" }, says: /^invalid --request-timeout/ },
  {
    name: "--as-user-extra without a value",
    options: { as: "j", asUserExtra: ["reason"] },
    says: /^invalid --as-user-extra "reason"$/,
  },
  {
    name: "an authority together with --insecure-skip-tls-verify",
    options: { insecureSkipTlsVerify: true, certificateAuthority: ca },
    says: /^specifying a root certificates file with the insecure flag is not allowed$/,
  },
  {
    name: "a proxy-url of another kind",
    options: {},
    text: base.replace("tls-server-name: inner", 'proxy-url: "ftp://p"'),
    says: /^invalid 'proxy-url' "ftp:\/\/p" for cluster "a"/,
  },
];

test.for(refused)("is refused with a reason: $name", async ({ options, text, says }) => {
  await expect(effective(options, text)).rejects.toThrow(says);
});

test("nowhere to go is said with all places that were looked at", async () => {
  const kubeconfig = await loadKubeconfig({
    env: { KUBECONFIG: ["/none/a", "/none/b"].join(path.delimiter) },
    homedir: "/none",
  });
  await expect(effectiveConfig(kubeconfig, {}, { env: {} })).rejects.toMatchObject({
    name: "ConfigError",
    message: "no kubeconfig found: /none/a, /none/b does not exist",
    hint: "set KUBECONFIG or pass --kubeconfig",
  });
  const nameless = await loadKubeconfig({ env: { KUBECONFIG: path.delimiter }, homedir: "/none" });
  await expect(effectiveConfig(nameless, {}, { env: {} })).rejects.toThrow(
    "no kubeconfig found: KUBECONFIG names none",
  );
  const home = await loadKubeconfig({ env: {}, homedir: "/none" });
  expect(home.missing).toEqual([path.join("/none", ".kube", "config")]);
});

describe("the user's folder on Windows", () => {
  const env = { HOME: "H:\\me", HOMEDRIVE: "N:", HOMEPATH: "\\me", USERPROFILE: "C:\\Users\\me" };
  const { HOME, USERPROFILE } = env;
  const share = "N:\\me";

  test.each<[string, string[], string | undefined]>([
    ["is HOME where all have a kubeconfig", [HOME, share, USERPROFILE].map(withConfig), HOME],
    ["is the drive on the network before the profile", [share, USERPROFILE].map(withConfig), share],
    ["is the profile if no other has a kubeconfig", [HOME, share, withConfig(USERPROFILE)], USERPROFILE],
    ["is HOME where none has one", [HOME, share, USERPROFILE], HOME],
    ["is the profile before the drive where none has one", [share, USERPROFILE], USERPROFILE],
    ["is the drive that alone is there", [share], share],
    ["is nowhere if none is there", [], undefined],
  ])("%s", (_what, there, home) => {
    expect(windowsHome(env, (file) => there.includes(file))).toBe(home);
  });

  test("is no drive without a folder on it", () => {
    expect(windowsHome({ HOMEDRIVE: "N:" }, () => true)).toBeUndefined();
  });

  function withConfig(home: string): string {
    return `${home}\\.kube\\config`;
  }
});

describe("in a pod", () => {
  mkdirSync(path.join(folder.path, "sa"));
  for (const [name, text] of [
    ["token", "pod-token\n"],
    ["ca.crt", "ca"],
    ["namespace", "vms\n"],
  ] as const)
    folder.write(`sa/${name}`, text);
  const serviceAccount = path.join(folder.path, "sa");
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const none = parseKubeconfig("", "none");

  test("the service account is used when no kubeconfig says where to go", async () => {
    expect(await effectiveConfig(none, {}, { env, serviceAccount })).toEqual({
      context: undefined,
      namespace: "vms",
      clusterName: undefined,
      userName: undefined,
      cluster: { server: "https://[fd00::1]:443", certificateAuthority: path.join(serviceAccount, "ca.crt") },
      user: { tokenFile: path.join(serviceAccount, "token") },
      timeoutMs: 30_000,
      inCluster: true,
    });
  });

  test("--token, --namespace and impersonation add to it", async () => {
    const config = await effectiveConfig(none, { token: "t", namespace: "n", as: "jane" }, { env, serviceAccount });
    expect(config).toMatchObject({ namespace: "n", user: { token: "t", as: "jane" } });
    expect(config.user.tokenFile).toBeUndefined();
  });

  test("a kubeconfig that names a cluster goes before it", async () => {
    const config = await effectiveConfig(parseKubeconfig(base, "c"), {}, { env, serviceAccount });
    expect(config).toMatchObject({ inCluster: false, context: "a" });
  });

  test("without a token file it does not count", async () => {
    await expect(effectiveConfig(none, {}, { env, serviceAccount: "/none" })).rejects.toThrow("names no cluster");
  });
});

describe("a file that cannot be understood is named with the place", () => {
  const rows: readonly [string, string, string][] = [
    ["broken YAML", "a: [b", "yaml: line 1"],
    ["a list", "- 1", "the file must be a mapping"],
    ["another kind", "kind: Pod", 'its kind is "Pod", not "Config"'],
    ["a number for a token", "users: [{name: a, user: {token: 12}}]", "users.user.token must be a string, not number"],
    ["a text for a list", "clusters: no thing", "clusters must be a list"],
    ["a name that occurs twice", "users: [{name: a}, {name: a}]", 'users has the name "a" twice'],
    [
      "groups that are no texts",
      "users: [{name: a, user: {as-groups: [1]}}]",
      "users.user.as-groups must be a list of strings",
    ],
  ];
  test.for(rows)("%s", ([, text, says]) => {
    expect(() => parseKubeconfig(text, "/x/config")).toThrow(`error loading config file "/x/config": ${says}`);
  });
});
