/** A practice API server with a hand-moved clock for unit tests. */
import type { Admission, AdmissionRequest, AggregatedApi } from "../../../../lib/practice/api/admission.ts";
import { type ApiServer, startApiServer } from "../../../../lib/practice/api/server.ts";
import { type ManualClock, manualClock } from "../../../../lib/practice/clock.ts";
import { createStore } from "../../../../lib/practice/memory-store.ts";
import type { KubeObject, NewObject, ResourceKey, Store } from "../../../../lib/practice/store.ts";
import { type ApiClient, connect } from "../../../api-client.ts";

export const pods: ResourceKey = { group: "", resource: "pods" };
export const nodes: ResourceKey = { group: "", resource: "nodes" };
export const budgets: ResourceKey = { group: "policy", resource: "poddisruptionbudgets" };
export const machines: ResourceKey = { group: "kubevirt.io", resource: "virtualmachineinstances" };

export interface PracticeApi {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly server: ApiServer;
  /** An administrator's client. */
  readonly client: ApiClient;
  /** What the webhooks were asked. */
  readonly admitted: AdmissionRequest[];
  /** A client for another user. */
  as(user: string, groups?: readonly string[]): Promise<ApiClient>;
  close(): Promise<void>;
}

/** Starts a server whose namespace `app` exists. */
export async function startApi(
  options: { admission?: Admission; aggregated?: AggregatedApi } = {},
): Promise<PracticeApi> {
  const clock = manualClock(new Date("2026-08-22T10:00:00Z"));
  const store = createStore({ clock });
  const admitted: AdmissionRequest[] = [];
  const { admission = () => ({ allowed: true as const }), aggregated } = options;
  const server = await startApiServer({
    store,
    clock,
    admission: (request) => {
      admitted.push(request);
      return admission(request);
    },
    ...(aggregated === undefined ? {} : { aggregated }),
  });
  store.create({ group: "", resource: "namespaces" }, { metadata: { name: "app" } });
  const clients: ApiClient[] = [];
  const newClient = async (identity?: Parameters<ApiServer["kubeconfig"]>[0]): Promise<ApiClient> => {
    const client = connect(await server.kubeconfig(identity));
    clients.push(client);
    return client;
  };
  return {
    store,
    clock,
    server,
    admitted,
    client: await newClient(),
    as: (user, groups = []) => newClient({ user, groups }),
    async close() {
      for (const client of clients) client.close();
      await server.close();
    },
  };
}

/** A pod in namespace `app`, running on `n1` and ready unless the parts say otherwise. */
export function aPod(
  name: string,
  parts: { labels?: Record<string, string>; spec?: object; status?: object } = {},
): NewObject {
  const { labels = {}, spec, status } = parts;
  return {
    metadata: { name, namespace: "app", labels },
    spec: { nodeName: "n1", containers: [{ name: "main", image: "x" }], ...spec },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], ...status },
  };
}

/** The names of a list's items. */
export function namesOf(list: { items: readonly KubeObject[] }): string[] {
  return list.items.map((item) => item.metadata.name);
}
