/** Small VMs for the contract, and what tests wait for and look up around them. They need no storage and no image. */
import { type Answer, type Cluster, eventually, type Json, kubevirt } from "./cluster.ts";

export interface MachineOptions {
  readonly strategy?: "None" | "LiveMigrate" | "LiveMigrateIfPossible" | "External";
  /** Connected by a bridge, which makes it not live-migratable. */
  readonly bridge?: boolean;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly run?: "Always" | "RerunOnFailure" | "Manual" | "Once" | "Halted";
}

/** A VirtualMachineInstance on its own. */
export function instance(name: string, options: MachineOptions = {}): Json {
  const { labels } = options;
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name, ...(labels && { labels }) },
    spec: instanceSpec(options),
  };
}

/** A VirtualMachine; it runs unless its run strategy says otherwise. */
export function machine(name: string, options: MachineOptions = {}): Json {
  const { labels = {}, run = "Always" } = options;
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name },
    spec: { runStrategy: run, template: { metadata: { labels }, spec: instanceSpec(options) } },
  };
}

/** A pod that runs for ever, on a node of the scheduler's choice. */
export function pod(name: string, labels: Readonly<Record<string, string>> = {}): Json {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", image: "registry.k8s.io/pause:3.10" }],
    },
  };
}

function instanceSpec({ strategy, bridge, nodeSelector }: MachineOptions): Json {
  return {
    ...(strategy && { evictionStrategy: strategy }),
    ...(nodeSelector && { nodeSelector }),
    terminationGracePeriodSeconds: 10,
    domain: {
      memory: { guest: "64Mi" },
      devices: { interfaces: [{ name: "default", ...(bridge ? { bridge: {} } : { masquerade: {} }) }] },
    },
    networks: [{ name: "default", pod: {} }],
  };
}

export interface Machines {
  createMachine(name: string, options?: MachineOptions): Promise<Json>;
  createInstance(name: string, options?: MachineOptions): Promise<Json>;
  instanceOf(name: string): Promise<Json>;
  /** The VMIs of these names once all run and KubeVirt has judged whether they can migrate. */
  running(...names: string[]): Promise<Json[]>;
  /** All launcher pods of a VMI, whatever their phase. */
  launchers(vmi: Json): Promise<Json[]>;
  /** The pod in which the guest runs. */
  launcher(name: string): Promise<Json>;
  migrationsOf(name: string): Promise<Json[]>;
  evict(pod: Json, options?: { dryRun?: boolean; deleteOptions?: Json }): Promise<Answer>;
}

/** VMs in the suite's namespace. */
export function machinesIn(cluster: Cluster): Machines {
  const { namespace, ask, create } = cluster;
  const ours = `${kubevirt}/namespaces/${namespace}`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const instanceOf = async (name: string): Promise<Json> => {
    const { status, body } = await ask(`GET ${ours}/virtualmachineinstances/${name}`);
    return status === 200 ? body : undefined;
  };
  const launchers = async (vmi: Json): Promise<Json[]> => {
    const selector = encodeURIComponent(`kubevirt.io=virt-launcher,kubevirt.io/created-by=${vmi.metadata.uid}`);
    return (await ask(`GET ${pods}?labelSelector=${selector}`)).body.items;
  };
  return {
    createMachine: (name, options) => create(`${ours}/virtualmachines`, machine(name, options)),
    createInstance: (name, options) => create(`${ours}/virtualmachineinstances`, instance(name, options)),
    instanceOf,
    launchers,
    running: (...names) =>
      Promise.all(names.map((name) => eventually(`VMI ${name} runs`, () => instanceOf(name), isJudged))),
    launcher: async (name) => {
      const vmi = await instanceOf(name);
      const found = (await launchers(vmi)).find(({ spec }) => spec.nodeName === vmi.status.nodeName && spec.nodeName);
      if (found === undefined) throw new Error(`VMI ${name} has no pod on ${vmi?.status?.nodeName}`);
      return found;
    },
    migrationsOf: async (name) => {
      const selector = encodeURIComponent(`kubevirt.io/vmi-name=${name}`);
      return (await ask(`GET ${ours}/virtualmachineinstancemigrations?labelSelector=${selector}`)).body.items;
    },
    evict: ({ metadata: { name } }, { dryRun = false, deleteOptions } = {}) => {
      const options = dryRun ? { dryRun: ["All"], ...deleteOptions } : deleteOptions;
      return ask(`POST ${pods}/${name}/eviction${dryRun ? "?dryRun=All" : ""}`, {
        body: {
          apiVersion: "policy/v1",
          kind: "Eviction",
          metadata: { name, namespace },
          ...(options && { deleteOptions: options }),
        },
      });
    },
  };
}

/** Runs, is ready, and has the condition on which the webhook decides. */
function isJudged(vmi: Json): boolean {
  const status = (type: string) => condition(vmi, type)?.status;
  return vmi?.status?.phase === "Running" && status("Ready") === "True" && status("LiveMigratable") !== undefined;
}

export function condition(object: Json, type: string): Json {
  return object?.status?.conditions?.find((each: Json) => each.type === type);
}
