/** A plain HTTPS client for an API server given by a kubeconfig: what the tests of the practice server and the contract speak through. */
import { readFileSync } from "node:fs";
import { Agent, type RequestOptions, request } from "node:https";
import { dirname, resolve } from "node:path";
import { load as parse } from "js-yaml";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
  readonly json: any;
}

export interface RequestInit {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export interface ApiClient {
  request(method: string, path: string, init?: RequestInit): Promise<Answer>;
  get(path: string, headers?: RequestInit["headers"]): Promise<Answer>;
  post(path: string, body: unknown, headers?: RequestInit["headers"]): Promise<Answer>;
  patch(path: string, type: keyof typeof patchTypes, body: unknown): Promise<Answer>;
  delete(path: string, body?: unknown): Promise<Answer>;
  /** Collects watch events until `enough` says so or the server ends the watch. */
  watch(
    path: string,
    enough: (events: WatchEvent[]) => boolean,
    headers?: RequestInit["headers"],
  ): Promise<WatchEvent[]>;
  close(): void;
}

export interface WatchEvent {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly object: any;
}

const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/** A client for the current context of a kubeconfig. `baseDirectory` is where its relative paths start. */
export function connect(kubeconfig: string, baseDirectory = "."): ApiClient {
  const { server, agent, headers: own } = readKubeconfig(kubeconfig, baseDirectory);
  const open = (method: string, path: string, init: RequestInit): ReturnType<typeof request> => {
    const body = init.body === undefined ? undefined : JSON.stringify(init.body);
    const headers = {
      ...own,
      accept: "application/json",
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
      ...init.headers,
    };
    const outgoing = request(`${server}${path}`, { method, agent, headers: headers as RequestOptions["headers"] });
    outgoing.end(body);
    return outgoing;
  };
  const send: ApiClient["request"] = (method, path, init = {}) =>
    new Promise((done, fail) => {
      const outgoing = open(method, path, init).on("error", fail);
      outgoing.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("error", fail);
        response.on("end", () => {
          const isJson = (response.headers["content-type"] ?? "").includes("json");
          const { statusCode: status = 0, headers } = response;
          done({ status, headers, text, json: isJson && text !== "" ? JSON.parse(text) : undefined });
        });
      });
    });
  return {
    request: send,
    get: (path, headers) => send("GET", path, headers === undefined ? {} : { headers }),
    post: (path, body, headers) => send("POST", path, { body, ...(headers && { headers }) }),
    patch: (path, type, body) => send("PATCH", path, { body, headers: { "content-type": patchTypes[type] } }),
    delete: (path, body) => send("DELETE", path, { body }),
    watch: (path, enough, headers) =>
      new Promise((done, fail) => {
        const events: WatchEvent[] = [];
        const outgoing = open("GET", path, headers === undefined ? {} : { headers }).on("error", fail);
        outgoing.on("response", (response) => {
          let rest = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            const lines = (rest + part).split("\n");
            rest = lines.pop() ?? "";
            for (const line of lines) events.push(JSON.parse(line));
            if (enough(events)) {
              outgoing.destroy();
              done(events);
            }
          });
          response.on("end", () => done(events));
          response.on("error", () => done(events));
        });
      }),
    close: () => agent.destroy(),
  };
}

interface Named {
  readonly name: string;
}

interface Kubeconfig {
  readonly "current-context": string;
  readonly contexts: readonly Named[];
  readonly clusters: readonly Named[];
  readonly users: readonly Named[];
}

function readKubeconfig(
  text: string,
  baseDirectory: string,
): { server: string; agent: Agent; headers: Record<string, string> } {
  const config = parse(text) as Kubeconfig;
  const find = (list: readonly Named[], name: string): Record<string, Record<string, string>> =>
    (list.find((each) => each.name === name) ?? {}) as unknown as Record<string, Record<string, string>>;
  const { context = {} } = find(config.contexts, config["current-context"]);
  const { cluster = {} } = find(config.clusters, context.cluster ?? "");
  const { user = {} } = find(config.users, context.user ?? "");
  const material = (from: Record<string, string>, field: string): Buffer | undefined => {
    const data = from[`${field}-data`];
    if (data !== undefined) return Buffer.from(data, "base64");
    const file = from[field];
    return file === undefined ? undefined : readFileSync(resolve(baseDirectory, file));
  };
  const agent = new Agent({
    keepAlive: true,
    ca: material(cluster, "certificate-authority"),
    cert: material(user, "client-certificate"),
    key: material(user, "client-key"),
  });
  const headers: Record<string, string> = user.token === undefined ? {} : { authorization: `Bearer ${user.token}` };
  return { server: cluster.server ?? "", agent, headers };
}

/** A client for a kubeconfig file. */
export function connectFile(path: string): ApiClient {
  return connect(readFileSync(path, "utf8"), dirname(path));
}
