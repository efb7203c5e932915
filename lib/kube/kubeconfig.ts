/** Finds, reads and merges kubeconfig files as kubectl does (client-go `tools/clientcmd/loader.go`). */
import { existsSync } from "node:fs";
import path from "node:path";
import { boolYaml11Tag, CORE_SCHEMA, loadAll, mergeTag, Schema } from "js-yaml";
import { ConfigError } from "../model/errors.ts";
import { readFile } from "./read-file.ts";

/** One named entry of `clusters`. Paths are absolute; empty values are absent, as in Go. */
export interface ClusterEntry {
  readonly server?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly certificateAuthorityData?: string | undefined;
  readonly proxyUrl?: string | undefined;
  readonly disableCompression?: boolean | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export interface ExecEntry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion?: string | undefined;
  readonly installHint?: string | undefined;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode?: string | undefined;
}

export interface AuthProviderEntry {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/** One named entry of `users`. */
export interface UserEntry {
  readonly clientCertificate?: string | undefined;
  readonly clientCertificateData?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly clientKeyData?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly as?: string | undefined;
  readonly asUid?: string | undefined;
  readonly asGroups?: readonly string[] | undefined;
  readonly asUserExtra?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly authProvider?: AuthProviderEntry | undefined;
  readonly exec?: ExecEntry | undefined;
}

export interface ContextEntry {
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface Kubeconfig {
  readonly currentContext?: string | undefined;
  readonly clusters: ReadonlyMap<string, ClusterEntry>;
  readonly users: ReadonlyMap<string, UserEntry>;
  readonly contexts: ReadonlyMap<string, ContextEntry>;
  /** The files that were read, in order of precedence. */
  readonly files: readonly string[];
  /** Where was looked without finding a file. */
  readonly missing: readonly string[];
}

export interface KubeconfigSources {
  /** --kubeconfig */
  readonly explicit?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homedir: string;
}

/**
 * Reads all files that kubectl would read and merges them: the first file that has a key wins it whole.
 * Throws ConfigError when an explicit file is missing, or a file that exists cannot be read or understood.
 */
export async function loadKubeconfig(sources: KubeconfigSources): Promise<Kubeconfig> {
  const loaded: Kubeconfig[] = [];
  const missing: string[] = [];
  for (const file of candidates(sources)) {
    const text = await readIfThere(file);
    if (text !== undefined) loaded.push(parseKubeconfig(text, file));
    else if (sources.explicit) throw new ConfigError(`stat ${file}: no such file or directory`, explicitHint);
    else missing.push(file);
  }
  return {
    currentContext: loaded.find((config) => config.currentContext !== undefined)?.currentContext,
    clusters: firstWins(loaded.map((config) => config.clusters)),
    users: firstWins(loaded.map((config) => config.users)),
    contexts: firstWins(loaded.map((config) => config.contexts)),
    files: loaded.flatMap((config) => config.files),
    missing,
  };
}

const explicitHint = { hint: "--kubeconfig names a file that does not exist" };

function candidates(sources: KubeconfigSources): readonly string[] {
  if (sources.explicit) return [sources.explicit];
  const list = sources.env.KUBECONFIG;
  if (list) return [...new Set(list.split(path.delimiter))].filter((file) => file !== "");
  const home = process.platform === "win32" ? windowsHome(sources.env, existsSync) : undefined;
  return [path.join(home ?? sources.homedir, ".kube", "config")];
}

/**
 * The folder that kubectl takes for the user's on Windows, where HOME, a drive on the network and the profile may be three of
 * them: the first that has a kubeconfig, else the first there is (client-go `util/homedir/homedir.go`). Undefined if there is none.
 */
export function windowsHome(env: KubeconfigSources["env"], isThere: (path: string) => boolean): string | undefined {
  const { HOME, HOMEDRIVE, HOMEPATH, USERPROFILE } = env;
  const share = HOMEDRIVE && HOMEPATH && HOMEDRIVE + HOMEPATH;
  return (
    [HOME, share, USERPROFILE].find((home) => home && isThere(path.win32.join(home, ".kube", "config"))) ??
    [HOME, USERPROFILE, share].find((home) => home && isThere(home))
  );
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    const reason = code === "EISDIR" ? "is a directory" : code === "EACCES" ? "permission denied" : String(code);
    throw new ConfigError(`error loading config file "${file}": read ${file}: ${reason}`, { cause: error });
  }
}

function firstWins<T>(maps: readonly ReadonlyMap<string, T>[]): ReadonlyMap<string, T> {
  return new Map(maps.toReversed().flatMap((map) => [...map]));
}

/** Go's YAML reader, too, takes the booleans of YAML 1.1 and merge keys, and leaves times as text. */
const schema = new Schema([
  ...CORE_SCHEMA.tags.filter((tag) => !tag.tagName.endsWith(":bool")),
  boolYaml11Tag,
  mergeTag,
]);

/**
 * Reads one kubeconfig; relative paths in it are resolved against the folder of `file`.
 * An empty text is an empty configuration. Throws ConfigError naming the file and the field.
 */
export function parseKubeconfig(text: string, file: string): Kubeconfig {
  const fail = (reason: string, cause?: unknown): never => {
    throw new ConfigError(`error loading config file "${file}": ${reason}`, { cause });
  };
  let document: unknown;
  try {
    // As Go's reader does: the first document, and of a key that stands there twice the last.
    [document] = loadAll(text, { schema, json: true });
  } catch (error) {
    const { reason, mark } = error as { reason?: string; mark?: { line: number } };
    return fail(`yaml: ${mark === undefined ? "" : `line ${mark.line + 1}: `}${reason ?? String(error)}`, error);
  }
  const root = fields(document ?? {}, "the file", fail);
  const kind = root.text("kind");
  if (kind !== undefined && kind !== "Config") fail(`its kind is "${kind}", not "Config"`);
  const folder = path.resolve(path.dirname(file));
  return {
    currentContext: root.text("current-context"),
    clusters: named(root, "clusters", "cluster", fail, (entry) => decodeCluster(entry, folder)),
    users: named(root, "users", "user", fail, (entry) => decodeUser(entry, folder)),
    contexts: named(root, "contexts", "context", fail, decodeContext),
    files: [file],
    missing: [],
  };
}

type Fail = (reason: string) => never;

/** Typed access to the fields of one mapping; a value of the wrong type fails, naming the field. */
interface Fields {
  readonly where: string;
  text(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  list(key: string): readonly unknown[];
  texts(key: string): readonly string[];
  map(key: string): Fields | undefined;
  raw(key: string): unknown;
  keys(): readonly string[];
  item(value: unknown, key: string): Fields;
  fail: Fail;
}

function fields(value: unknown, where: string, fail: Fail): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return fail(`${where} must be a mapping`);
  const object = value as Readonly<Record<string, unknown>>;
  const place = (key: string) => (where === "the file" ? key : `${where}.${key}`);
  const typed = <T>(key: string, type: "string" | "boolean"): T | undefined => {
    const found = object[key] ?? undefined;
    if (found !== undefined && typeof found !== type) fail(`${place(key)} must be a ${type}, not ${typeof found}`);
    return found as T | undefined;
  };
  const list = (key: string): readonly unknown[] => {
    const found = object[key] ?? [];
    return Array.isArray(found) ? found : fail(`${place(key)} must be a list`);
  };
  return {
    where,
    text: (key) => typed<string>(key, "string") || undefined,
    flag: (key) => typed<boolean>(key, "boolean") || undefined,
    list,
    texts: (key) =>
      list(key).map((item) => (typeof item === "string" ? item : fail(`${place(key)} must be a list of strings`))),
    map: (key) => ((object[key] ?? undefined) === undefined ? undefined : fields(object[key], place(key), fail)),
    raw: (key) => object[key],
    keys: () => Object.keys(object),
    item: (item, key) => fields(item, place(key), fail),
    fail,
  };
}

function named<T>(root: Fields, key: string, inner: string, fail: Fail, decode: (entry: Fields) => T): Map<string, T> {
  const entries = new Map<string, T>();
  for (const item of root.list(key)) {
    const entry = root.item(item, key);
    const name = entry.text("name") ?? "";
    if (entries.has(name)) fail(`${key} has the name "${name}" twice`);
    entries.set(name, decode(entry.map(inner) ?? root.item({}, key)));
  }
  return entries;
}

function decodeCluster(entry: Fields, folder: string): ClusterEntry {
  const extensions = entry.list("extensions").map((item) => entry.item(item, "extensions"));
  return {
    server: entry.text("server"),
    tlsServerName: entry.text("tls-server-name"),
    insecureSkipTlsVerify: entry.flag("insecure-skip-tls-verify"),
    certificateAuthority: resolved(entry.text("certificate-authority"), folder),
    certificateAuthorityData: entry.text("certificate-authority-data"),
    proxyUrl: entry.text("proxy-url"),
    disableCompression: entry.flag("disable-compression"),
    extensions:
      extensions.length === 0
        ? undefined
        : Object.fromEntries(extensions.map((extension) => [extension.text("name") ?? "", extension.raw("extension")])),
  };
}

function decodeUser(entry: Fields, folder: string): UserEntry {
  const extra = entry.map("as-user-extra");
  const provider = entry.map("auth-provider");
  const exec = entry.map("exec");
  const groups = entry.texts("as-groups");
  return {
    clientCertificate: resolved(entry.text("client-certificate"), folder),
    clientCertificateData: entry.text("client-certificate-data"),
    clientKey: resolved(entry.text("client-key"), folder),
    clientKeyData: entry.text("client-key-data"),
    token: entry.text("token"),
    tokenFile: resolved(entry.text("tokenFile"), folder),
    as: entry.text("as"),
    asUid: entry.text("as-uid"),
    asGroups: groups.length === 0 ? undefined : groups,
    asUserExtra: extra && Object.fromEntries(extra.keys().map((key) => [key, extra.texts(key)])),
    username: entry.text("username"),
    password: entry.text("password"),
    authProvider: provider && decodeAuthProvider(provider),
    exec: exec && decodeExec(exec, folder),
  };
}

function decodeAuthProvider(entry: Fields): AuthProviderEntry {
  const config = entry.map("config");
  return {
    name: entry.text("name") ?? "",
    config: config === undefined ? {} : Object.fromEntries(config.keys().map((key) => [key, config.text(key) ?? ""])),
  };
}

/** Versions of the exec interface for which client-go fills in `interactiveMode`; the final version requires it. */
const beta = /^client\.authentication\.k8s\.io\/v1(alpha|beta)1$/;

function decodeExec(entry: Fields, folder: string): ExecEntry {
  const command = entry.text("command") ?? "";
  const apiVersion = entry.text("apiVersion");
  return {
    // A bare name is looked up in PATH; anything with a separator is a path of the file's own folder.
    command: command.includes(path.sep) ? path.resolve(folder, command) : command,
    args: entry.texts("args"),
    env: entry
      .list("env")
      .map((item) => entry.item(item, "env"))
      .map((item) => ({ name: item.text("name") ?? "", value: item.text("value") ?? "" })),
    apiVersion,
    installHint: entry.text("installHint"),
    provideClusterInfo: entry.flag("provideClusterInfo") ?? false,
    interactiveMode: entry.text("interactiveMode") ?? (beta.test(apiVersion ?? "") ? "IfAvailable" : undefined),
  };
}

function decodeContext(entry: Fields): ContextEntry {
  return { cluster: entry.text("cluster"), user: entry.text("user"), namespace: entry.text("namespace") };
}

function resolved(file: string | undefined, folder: string): string | undefined {
  return file === undefined ? undefined : path.resolve(folder, file);
}
