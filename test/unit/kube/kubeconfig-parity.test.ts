/** The configuration that we use is the one that the genuine kubectl uses: same files, same flags, same errors. */
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { connect } from "../../../lib/kube/connection.ts";
import { type ConnectionOptions, effectiveConfig } from "../../../lib/kube/effective-config.ts";
import { type ClusterEntry, loadKubeconfig, type UserEntry } from "../../../lib/kube/kubeconfig.ts";
import { runKubectl } from "../../kubectl.ts";
import { closeServers, type FakeServer, fakeServer, testAuthority } from "./fake-server.ts";
import { kubeconfigText, temporaryFolder, testEnvironment } from "./surroundings.ts";

const folder = temporaryFolder();
mkdirSync(path.join(folder.path, "elsewhere"));
afterAll(folder.remove);
afterEach(closeServers);

const pem = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==";
for (const name of ["ca.pem", "elsewhere/ca.pem", "client.pem", "client.key", "token"]) folder.write(name, `${name}\n`);

const files = {
  plain: `
apiVersion: v1
kind: Config
current-context: a
clusters:
- name: a
  cluster: {server: "https://a.example:6443", certificate-authority-data: ${pem}, tls-server-name: api.a}
contexts:
- name: a
  context: {cluster: a, user: a, namespace: team}
- name: other
  context: {cluster: a, user: certificates}
users:
- name: a
  user: {token: secret-a}
- name: certificates
  user: {client-certificate: client.pem, client-key: client.key}
`,
  second: `
current-context: b
clusters:
- name: a
  cluster: {server: "https://never.example", insecure-skip-tls-verify: true}
- name: b
  cluster: {server: "https://b.example", certificate-authority: ca.pem, proxy-url: "http://proxy.example:3128"}
contexts:
- name: a
  context: {cluster: b, user: b, namespace: never}
- name: b
  context: {cluster: b, user: b}
users:
- name: a
  user: {username: never, password: never}
- name: b
  user: {tokenFile: token}
`,
  "elsewhere/paths": `
clusters:
- name: paths
  cluster: {server: "https://paths.example", certificate-authority: ca.pem, disable-compression: true}
contexts:
- name: paths
  context: {cluster: paths, user: paths}
users:
- name: paths
  user: {client-certificate: ../client.pem, client-key: ../client.key}
`,
  plugins: `
current-context: v1
clusters:
- name: c
  cluster:
    server: https://c.example
    insecure-skip-tls-verify: yes
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: one, nested: {list: [1, two]}}
contexts:
- {name: v1, context: {cluster: c, user: v1}}
- {name: beta, context: {cluster: c, user: beta}}
- {name: path, context: {cluster: c, user: path}}
- {name: oidc, context: {cluster: c, user: oidc}}
users:
- name: v1
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: login
      args: [--cluster, c]
      env: [{name: A, value: "1"}, {name: B, value: two}]
      installHint: get it
      provideClusterInfo: true
      interactiveMode: Never
- name: beta
  user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: login}}
- name: path
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/login, interactiveMode: Always}}
- name: oidc
  user: {auth-provider: {name: oidc, config: {idp-issuer-url: "https://idp.example", client-id: x, id-token: a.b.c}}}
`,
  impersonation: `
current-context: i
clusters: [{name: i, cluster: {server: "https://i.example"}}]
contexts: [{name: i, context: {cluster: i, user: i}}]
users:
- name: i
  user: {token: t, as: jane, as-uid: "7", as-groups: [admins, ops], as-user-extra: {reason: [a, b]}}
`,
  anchors: `
current-context: x
clusters: [{name: x, cluster: &common {server: "https://x.example"}}, {name: z, cluster: {<<: *common, tls-server-name: z}}]
contexts: [{name: x, context: {cluster: z, user: x}}]
users: [{name: x, user: {username: me, password: "0123"}}]
`,
  "no-current": `
clusters: [{name: only, cluster: {server: "https://only.example"}}]
contexts: [{name: only, context: {cluster: only, user: only}}]
users: [{name: only, user: {token: only}}]
`,
  empty: "",
};
const utf16 = Buffer.from(`\ufeff${files.plain}`, "utf16le");
const odd = {
  "second-document": `${files.plain}---\ncurrent-context: other\n`,
  "key-twice": `${files.plain}current-context: other\n`,
  "utf-8-mark": `\ufeff${files.plain}`,
  "utf-16": utf16,
  "utf-16-big-endian": Buffer.from(utf16).swap16(),
};
for (const [name, text] of Object.entries(odd)) folder.write(name, text);
for (const [name, text] of Object.entries(files)) folder.write(name, text);
const at = (...names: string[]) => names.map((name) => path.join(folder.path, name)).join(path.delimiter);

const same: readonly { readonly name: string; readonly KUBECONFIG: string; readonly context?: string }[] = [
  { name: "one file", KUBECONFIG: at("plain") },
  { name: "another context of it, with relative paths", KUBECONFIG: at("plain"), context: "other" },
  { name: "two files: the first one wins each key whole", KUBECONFIG: at("plain", "second") },
  { name: "two files the other way round", KUBECONFIG: at("second", "plain") },
  { name: "a context of the second file only", KUBECONFIG: at("plain", "second"), context: "b" },
  {
    name: "missing files, empty names and repeated files are skipped",
    KUBECONFIG: at("none", "second", "second", "none2"),
  },
  { name: "an empty name in the list", KUBECONFIG: `${path.delimiter}${at("plain")}${path.delimiter}` },
  { name: "an empty file before a full one", KUBECONFIG: at("empty", "plain") },
  { name: "the first current-context wins, wherever it stands", KUBECONFIG: at("no-current", "second") },
  { name: "no current-context, but the flag", KUBECONFIG: at("no-current"), context: "only" },
  { name: "an exec plugin with everything, and YAML 1.1's booleans", KUBECONFIG: at("plugins") },
  { name: "an exec plugin of the beta interface", KUBECONFIG: at("plugins"), context: "beta" },
  { name: "an exec plugin with a relative path", KUBECONFIG: at("plugins"), context: "path" },
  { name: "an auth provider", KUBECONFIG: at("plugins"), context: "oidc" },
  { name: "impersonation", KUBECONFIG: at("impersonation") },
  { name: "anchors, merge keys and basic auth", KUBECONFIG: at("anchors") },
  { name: "a second document in the file", KUBECONFIG: at("second-document") },
  { name: "a key that stands there twice", KUBECONFIG: at("key-twice") },
  { name: "a byte order mark", KUBECONFIG: at("utf-8-mark") },
  { name: "UTF-16, as Windows PowerShell writes it", KUBECONFIG: at("utf-16") },
  { name: "UTF-16 the other way round", KUBECONFIG: at("utf-16-big-endian") },
];

test.for(same)("the effective configuration is kubectl's: $name", async ({ KUBECONFIG, context }) => {
  const flags = context === undefined ? [] : ["--context", context];
  const view = await runKubectl(at("unused"), ["config", "view", "--minify", "--raw", "-o", "json", ...flags], {
    environment: { KUBECONFIG },
  });
  expect(view.stderr).toBe("");
  const kubeconfig = await loadKubeconfig({ env: { KUBECONFIG }, homedir: folder.path });
  const ours = await effectiveConfig(kubeconfig, { context }, { env: {} });
  const entry = {
    cluster: ours.clusterName,
    user: ours.userName,
    ...(ours.namespace !== "default" && { namespace: ours.namespace }),
  };
  expect({
    "current-context": ours.context,
    clusters: [{ name: ours.clusterName, cluster: asClusterJson(ours.cluster) }],
    users: [{ name: ours.userName, user: asUserJson(ours.user) }],
    contexts: [{ name: ours.context, context: entry }],
  }).toEqual(withoutNulls(withAbsolutePaths(onlyConfig(JSON.parse(view.stdout)))));
});

test("relative paths are resolved against the folder of their own file, as kubectl --flatten resolves them", async () => {
  const KUBECONFIG = at("plain", "elsewhere/paths");
  const flags = ["config", "view", "--minify", "--raw", "--flatten", "--context", "paths"];
  const view = await runKubectl(
    at("unused"),
    [...flags, "-o", "jsonpath={..certificate-authority-data} {..client-key-data}"],
    {
      environment: { KUBECONFIG },
    },
  );
  const { clusters, users } = await loadKubeconfig({ env: { KUBECONFIG }, homedir: folder.path });
  const contents = [clusters.get("paths")?.certificateAuthority, users.get("paths")?.clientKey].map((file) =>
    readFileSync(file ?? "").toString("base64"),
  );
  expect(contents.join(" ")).toBe(view.stdout);
});

const pathKeys = new Set(["certificate-authority", "client-certificate", "client-key", "tokenFile"]);

/** `config view` prints paths as they stand in the file; ours are ready for use. */
function withAbsolutePaths(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withAbsolutePaths(item));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withAbsolutePaths(inner, name)]));
  }
  const isPath = pathKeys.has(key) || (key === "command" && String(value).includes(path.sep));
  return isPath ? path.resolve(folder.path, String(value)) : value;
}

function onlyConfig({ clusters, users, contexts, "current-context": current }: Record<string, unknown>) {
  return { clusters, users, contexts, "current-context": current };
}

/** kubectl prints null for empty lists. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}

function asClusterJson(cluster: ClusterEntry) {
  return {
    server: cluster.server,
    "tls-server-name": cluster.tlsServerName,
    "insecure-skip-tls-verify": cluster.insecureSkipTlsVerify,
    "certificate-authority": cluster.certificateAuthority,
    "certificate-authority-data": cluster.certificateAuthorityData,
    "proxy-url": cluster.proxyUrl,
    "disable-compression": cluster.disableCompression,
    extensions:
      cluster.extensions && Object.entries(cluster.extensions).map(([name, extension]) => ({ name, extension })),
  };
}

function asUserJson(user: UserEntry) {
  return {
    "client-certificate": user.clientCertificate,
    "client-certificate-data": user.clientCertificateData,
    "client-key": user.clientKey,
    "client-key-data": user.clientKeyData,
    token: user.token,
    tokenFile: user.tokenFile,
    as: user.as,
    "as-uid": user.asUid,
    "as-groups": user.asGroups,
    "as-user-extra": user.asUserExtra,
    username: user.username,
    password: user.password,
    "auth-provider": user.authProvider,
    exec: user.exec && {
      ...user.exec,
      args: user.exec.args.length > 0 ? user.exec.args : undefined,
      env: user.exec.env.length > 0 ? user.exec.env : undefined,
    },
  };
}

const faulty = `
current-context: c
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}, {name: badca, cluster: {server: "https://127.0.0.1:1", certificate-authority: gone.pem}}]
contexts:
- {name: c, context: {cluster: c, user: token}}
users:
- {name: token, user: {token: t}}
- {name: both, user: {token: t, username: u, password: p}}
- {name: noversion, user: {exec: {command: x, interactiveMode: Never}}}
- {name: nomode, user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1}}}
- {name: badmode, user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Maybe}}}
- {name: nofiles, user: {client-certificate: gone.pem, client-key: gone.key}}
- {name: groups, user: {token: t, as-groups: [g]}}
- {name: gcp, user: {auth-provider: {name: gcp}}}
`;
folder.write("faulty", faulty);
folder.write("dangling", "current-context: nowhere\n");

const wrong: readonly {
  readonly name: string;
  readonly file?: string;
  readonly args: readonly string[];
  readonly options: ConnectionOptions;
}[] = [
  { name: "an explicit file that does not exist", file: "gone", args: [], options: {} },
  { name: "an unknown context", args: ["--context", "x"], options: { context: "x" } },
  { name: "an unknown cluster", args: ["--cluster", "x"], options: { cluster: "x" } },
  { name: "an unknown user", args: ["--user", "x"], options: { user: "x" } },
  { name: "a current-context that does not exist", file: "dangling", args: [], options: {} },
  { name: "a folder instead of a file", file: "elsewhere", args: [], options: {} },
  { name: "two ways to authenticate", args: ["--user", "both"], options: { user: "both" } },
  {
    name: "a password over a token",
    args: ["--username", "u", "--password", "p"],
    options: { username: "u", password: "p" },
  },
  { name: "an exec plugin without apiVersion", args: ["--user", "noversion"], options: { user: "noversion" } },
  { name: "an exec plugin without interactiveMode", args: ["--user", "nomode"], options: { user: "nomode" } },
  { name: "an exec plugin with an unknown interactiveMode", args: ["--user", "badmode"], options: { user: "badmode" } },
  { name: "missing certificate files", args: ["--user", "nofiles"], options: { user: "nofiles" } },
  { name: "a missing CA file", args: ["--cluster", "badca"], options: { cluster: "badca" } },
  { name: "groups without a user to impersonate", args: ["--user", "groups"], options: { user: "groups" } },
  { name: "--as-group without --as", args: ["--as-group", "g"], options: { asGroup: ["g"] } },
];

test.for(wrong)("the error is kubectl's: $name", async ({ file = "faulty", args, options }) => {
  const kubeconfig = at(file);
  const theirs = await runKubectl(at("unused"), ["get", "--raw", "/version", "--kubeconfig", kubeconfig, ...args]);
  expect(theirs.code).toBe(1);
  const lines = theirs.stderr
    .replace(/^(error|Error in configuration): /, "")
    .split("\n")
    .map((line) => line.replace(/^\* /, "").replace(/\.$/, ""))
    .filter((line) => line !== "");
  const connecting = connect({ kubeconfig, ...options }, testEnvironment());
  await expect(connecting).rejects.toMatchObject({ name: "ConfigError", message: lines.join("\n") });
});

describe("a request carries what kubectl's carries", () => {
  const interesting = /^(authorization|impersonate-.*)$/i;
  const user = { token: "from-file", as: "file-user", "as-groups": ["file-group"] };
  const flags: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly options: ConnectionOptions;
  }[] = [
    { name: "no flags", args: [], options: {} },
    { name: "--token", args: ["--token=flag"], options: { token: "flag" } },
    { name: "--as alone keeps the file's groups", args: ["--as=jane"], options: { as: "jane" } },
    {
      name: "--as with groups, uid and extra",
      args: [
        "--as=jane",
        "--as-group=a",
        "--as-group=b c",
        "--as-uid=7",
        "--as-user-extra=acme.io/Reason=x",
        "--as-user-extra=acme.io/Reason=y",
      ],
      options: { as: "jane", asGroup: ["a", "b c"], asUid: "7", asUserExtra: ["acme.io/Reason=x", "acme.io/Reason=y"] },
    },
  ];
  test.for(flags)("with $name", async ({ args, options }) => {
    const authority = await testAuthority();
    const server = await fakeServer(() => ({}), { tls: { authority, names: ["127.0.0.1"] } });
    const trusted = { server: server.url, "certificate-authority-data": btoa(authority.certificate) };
    const kubeconfig = folder.write("headers", kubeconfigText(trusted, user));
    const [theirs, ours] = await askBoth(server, kubeconfig, args, options);
    expect(theirs).toContainEqual(expect.stringMatching(/^authorization: Bearer /));
    expect(ours).toEqual(theirs);
  });

  test("without TLS no credential is sent", async () => {
    const server = await fakeServer(() => ({}));
    const kubeconfig = folder.write("headers", kubeconfigText({ server: server.url }, user));
    const [theirs, ours] = await askBoth(server, kubeconfig, [], {});
    expect(theirs).toEqual(["impersonate-group: file-group", "impersonate-user: file-user"]);
    expect(ours).toEqual(theirs);
  });

  async function askBoth(server: FakeServer, kubeconfig: string, args: readonly string[], options: ConnectionOptions) {
    const kubectl = await runKubectl(kubeconfig, ["get", "--raw", "/version", ...args]);
    expect(kubectl.stderr).toBe("");
    const connection = await connect({ kubeconfig, ...options }, testEnvironment());
    await connection.send({ method: "GET", path: "/version" });
    connection.close();
    return server.asked.map(({ headerLines }) =>
      headerLines
        .filter(([name]) => interesting.test(name))
        .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
        .sort(),
    );
  }
});
