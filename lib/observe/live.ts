/** Follows nodes and what concerns their VMs by watches, and gives the picture as it is at any moment. */
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import type { Facts, Gap } from "../model/facts.ts";
import { controllerOf, keyOf, type Node, type Pod, type PodDisruptionBudget } from "../model/kubernetes.ts";
import type { VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration } from "../model/kubevirt.ts";
import { matchesSelector } from "../model/selectors.ts";
import { liveLaunchers, vmiOfLauncher } from "../platform/launcher-pod.ts";
import { createdByLabel, nodeNameLabel, replicaSetKind, vmiNameLabel } from "../platform/names.ts";
import { readDisks, readOwners } from "./around-vms.ts";
import { ChangeSignal } from "./change-signal.ts";
import { decodeNode, decodePod } from "./decode/core.ts";
import { decodeMigration, decodeVirtualMachine, decodeVmi } from "./decode/kubevirt.ts";
import { decodeBudget } from "./decode/policy.ts";
import { type Followed, Follower, LabelledSet, type Problem } from "./followed-set.ts";
import { selectAny } from "./label-selectors.ts";
import { type Added, type Followings, overlay } from "./live-picture.ts";
import { type LookedUp, lookUp, nothingLookedUp } from "./lookups.ts";
import type { ObjectName } from "./named-objects.ts";
import { isForbiddenGap, type Reading, startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

export interface LiveOptions {
  readonly clock: Clock;
  /** Ordinary pods are evicted, too, so that budgets over them are followed. */
  readonly allPods?: boolean | undefined;
}

export interface Live {
  /** The picture now. Throws only by a fault of this program. */
  facts(): Facts;
  /** False until nodes, pods and VMIs have been read since `base`: what was seen before may no longer be so. */
  isCurrent(): boolean;
  /** Resolves when the picture differs from the one that `facts` gave last; changes in quick succession count as one. Rejects with the signal's reason. */
  changed(signal: AbortSignal): Promise<void>;
  /** What cannot be followed at the moment, so that the picture may be out of date. */
  problems(): readonly Problem[];
  /** From now on these VMs, and no others, are looked up by name: they have left the nodes, and no watch tells what becomes of them. */
  follow(vms: readonly ObjectName[]): void;
  /** From now on the budgets of this namespace are followed, too: one that is new there has refused an eviction. */
  followBudgets(namespace: string): void;
  /** Reads a VirtualMachine past every store. Tells whether it starts its VM as the picture says; where not, the picture is mended. */
  readMachine(name: ObjectName): Promise<"same" | "changed" | "unread">;
  close(): void;
}

/** Between looks at VMs that no watch shows. */
const lookUpMs = 3_000;

/** Starts to follow the targets of `base`, which counts until the first lists are there. */
export function followNodes(client: KubeClient, base: Facts, options: LiveOptions): Live {
  return new LiveNodes(client, base, options);
}

class LiveNodes implements Live {
  readonly #client: KubeClient;
  #base: Facts;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #changes: ChangeSignal;
  readonly #follower: Follower;
  readonly #nodes: ReadonlyMap<string, Followed<Node>>;
  readonly #pods: ReadonlyMap<string, Followed<Pod>>;
  readonly #vmis: readonly Followed<VirtualMachineInstance>[];
  readonly #budgets = new Map<string, Followed<PodDisruptionBudget>>();
  readonly #launchers: LabelledSet<Pod>;
  readonly #migrations: LabelledSet<VirtualMachineInstanceMigration>;
  readonly #concerned = new Set<string>();
  readonly #lastSeen = new Map<string, VirtualMachineInstance>();
  readonly #completed: Set<string>;
  #added: Added = { virtualMachines: [], claims: [], volumes: [] };
  #addedGaps: readonly Gap[] = [];
  #followed: readonly ObjectName[] = [];
  #lookedUp: LookedUp = nothingLookedUp;
  /** What may not be looked up. */
  #refusals: readonly Problem[] = [];
  /** The server's clock less ours, in milliseconds. */
  #skew: number;
  #lastTime = 0;
  #fault: { readonly error: unknown } | undefined;

  constructor(client: KubeClient, base: Facts, { clock, allPods }: LiveOptions) {
    this.#client = client;
    this.#base = base;
    this.#clock = clock;
    this.#skew = base.localTime === undefined ? 0 : Date.parse(base.time) - Date.parse(base.localTime);
    this.#changes = new ChangeSignal(clock);
    this.#completed = new Set(base.vmis.map((vmi) => vmi.metadata.uid));
    const { signal } = this.#closing;
    const follower = new Follower({ client, clock, signal, onChange: () => this.#noteChange() });
    this.#follower = follower;
    this.#launchers = new LabelledSet(follower, resourceTypes.pods, createdByLabel, decodePod);
    this.#migrations = new LabelledSet(follower, resourceTypes.migrations, vmiNameLabel, decodeMigration);
    this.#nodes = mapOf(base.targets, (name) =>
      follower.follow(resourceTypes.nodes, { fieldSelector: `metadata.name=${name}` }, decodeNode),
    );
    this.#pods = mapOf(base.targets, (name) =>
      follower.follow(resourceTypes.pods, { fieldSelector: `spec.nodeName=${name}` }, decodePod),
    );
    this.#vmis = selectAny(nodeNameLabel, base.targets).map(({ selector }) =>
      follower.follow(resourceTypes.vmis, { labelSelector: selector }, decodeVmi),
    );
    for (const namespace of namespacesWithBudgets(base, allPods ?? false)) this.followBudgets(namespace);
    this.#concern(base.vmis);
    this.#inBackground(this.#lookUpAgain());
  }

  facts(): Facts {
    this.#follower.throwFault();
    if (this.#fault !== undefined) throw this.#fault.error;
    this.#changes.seen();
    return overlay(this.#base, this.#followings(), this.#serverTime());
  }

  isCurrent(): boolean {
    return [...this.#nodes.values(), ...this.#pods.values(), ...this.#vmis].every((followed) => followed.isSettled());
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.wait(signal);
  }

  problems(): readonly Problem[] {
    return [...this.#follower.problems(), ...this.#refusals];
  }

  follow(vms: readonly ObjectName[]): void {
    this.#followed = vms.map(({ namespace, name }) => ({ namespace, name }));
  }

  followBudgets(namespace: string): void {
    if (this.#budgets.has(namespace)) return;
    this.#budgets.set(namespace, this.#follower.follow(resourceTypes.budgets, { namespace }, decodeBudget));
  }

  async readMachine(name: ObjectName): Promise<"same" | "changed" | "unread"> {
    const reading = startReading(this.#client, this.#closing.signal);
    const machine = await reading.get({ type: resourceTypes.virtualMachines, ...name }, decodeVirtualMachine);
    const isThis = (one: VirtualMachine) => keyOf(one.metadata) === keyOf(name);
    const before = this.facts().virtualMachines.find(isThis);
    // What could not be read for the plan, either, was agreed to as it is.
    if (reading.gaps.length > 0) return before === undefined ? "same" : "unread";
    if (before?.runStrategy === machine?.runStrategy && before?.metadata.uid === machine?.metadata.uid) return "same";
    const others = (machines: readonly VirtualMachine[]) => machines.filter((one) => !isThis(one));
    const now = machine === undefined ? [] : [machine];
    this.#base = { ...this.#base, virtualMachines: [...others(this.#base.virtualMachines), ...now] };
    this.#added = { ...this.#added, virtualMachines: others(this.#added.virtualMachines) };
    return "changed";
  }

  close(): void {
    this.#closing.abort();
  }

  #followings(): Followings {
    return {
      nodes: itemsOf(this.#nodes),
      pods: itemsOf(this.#pods),
      vmis: this.#labelledVmis(),
      lastSeen: this.#lastSeen,
      launchers: this.#launchers,
      migrations: this.#migrations,
      budgets: itemsOf(this.#budgets),
      concerned: this.#concerned,
      lookedUp: this.#lookedUp,
      added: this.#added,
      gaps: [...this.#follower.gaps(), ...this.#addedGaps],
    };
  }

  /** Undefined until all of them are there. */
  #labelledVmis(): readonly VirtualMachineInstance[] | undefined {
    const lists = this.#vmis.map((vmis) => vmis.items());
    return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
  }

  #noteChange(): void {
    const vmis = this.#labelledVmis() ?? [];
    this.#concern(vmis);
    const late = vmis.filter((vmi) => !this.#completed.has(vmi.metadata.uid));
    if (late.length > 0) this.#inBackground(this.#complete(late));
    this.#changes.note();
  }

  #concern(vmis: readonly VirtualMachineInstance[]): void {
    for (const vmi of vmis) {
      this.#concerned.add(keyOf(vmi.metadata));
      this.#lastSeen.set(keyOf(vmi.metadata), vmi);
    }
    this.#migrations.cover(vmis.map(({ metadata }) => metadata.name));
    this.#launchers.cover(vmis.map(({ metadata }) => metadata.uid));
  }

  /** Reads what belongs to VMIs that came after the beginning. */
  async #complete(vmis: readonly VirtualMachineInstance[]): Promise<void> {
    for (const { metadata } of vmis) this.#completed.add(metadata.uid);
    const reading = this.#read();
    const [virtualMachines, disks] = await Promise.all([readOwners(reading, vmis), readDisks(reading, vmis)]);
    this.#added = {
      virtualMachines: [...this.#added.virtualMachines, ...virtualMachines],
      claims: [...this.#added.claims, ...disks.claims],
      volumes: [...this.#added.volumes, ...disks.volumes],
    };
    this.#addedGaps = [...this.#addedGaps, ...reading.gaps];
    this.#takeTime(reading);
    this.#changes.note();
  }

  /** Looks up what `follow` named, and VMIs whose launcher pod was on a target without them at two looks in a row. */
  async #lookUpAgain(): Promise<never> {
    let strays = new Set<string>();
    for (;;) {
      await this.#clock.sleep(lookUpMs, this.#closing.signal);
      const found = this.#strayNames();
      const stayed = found.filter((name) => strays.has(keyOf(name)));
      strays = new Set(found.map(keyOf));
      const names = [...this.#followed, ...stayed];
      if (names.length === 0) this.#lookedUp = nothingLookedUp;
      else await this.#lookUpNow(names);
    }
  }

  async #lookUpNow(names: readonly ObjectName[]): Promise<void> {
    const known = new Set(
      [...this.#base.virtualMachines, ...this.#added.virtualMachines].map((vm) => keyOf(vm.metadata)),
    );
    const reading = this.#read();
    const found = await lookUp(reading, names, {
      isVm: (key) => known.has(key),
      replicaSetOf: (key) => this.#replicaSetOf(key),
    });
    this.#takeTime(reading);
    const since = this.#clock.now().toISOString();
    this.#refusals = reading.gaps
      .filter(isForbiddenGap)
      .map(({ resource, reason }) => ({ resource, since, message: reason, unreachable: false, lockedOut: false }));
    if (this.#refusals.length > 0) this.#changes.note();
    if (found === undefined) return;
    this.#lookedUp = found;
    this.#changes.note();
  }

  #replicaSetOf(key: string): ObjectName | undefined {
    const metadata = this.#lastSeen.get(key)?.metadata;
    const owner = metadata && controllerOf(metadata);
    return owner?.kind === replicaSetKind ? { namespace: metadata?.namespace ?? "", name: owner.name } : undefined;
  }

  /** VMIs named by unfinished launcher pods on the targets that do not carry the label: they start, or arrive, or have just left. */
  #strayNames(): readonly ObjectName[] {
    const labelled = new Set((this.#labelledVmis() ?? []).map((vmi) => keyOf(vmi.metadata)));
    const pods = [...this.#pods.values()].flatMap((followed) => followed.items() ?? []);
    return liveLaunchers(pods)
      .map(vmiOfLauncher)
      .filter((name) => name !== undefined)
      .filter((name) => !labelled.has(keyOf(name)));
  }

  #read(): Reading {
    return startReading(this.#client, this.#closing.signal);
  }

  #takeTime(reading: Reading): void {
    const time = reading.serverTime();
    if (time !== undefined) this.#skew = time.getTime() - this.#clock.now().getTime();
  }

  /** Never goes back, although the server tells whole seconds only. */
  #serverTime(): string {
    this.#lastTime = Math.max(this.#lastTime, this.#clock.now().getTime() + this.#skew);
    return new Date(this.#lastTime).toISOString();
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (this.#closing.signal.aborted) return;
      this.#fault ??= { error };
      this.#changes.note();
    });
  }
}

/** Namespaces in which a budget selects a pod that is to be evicted: the others' budgets can change as they like. */
function namespacesWithBudgets(base: Facts, allPods: boolean): readonly string[] {
  const onTargets = base.pods.filter((pod) => base.targets.includes(pod.spec.nodeName ?? ""));
  const evicted = allPods ? onTargets : liveLaunchers(onTargets);
  const namespaces = base.budgets
    .filter(({ metadata, spec }) =>
      evicted.some(
        (pod) => pod.metadata.namespace === metadata.namespace && matchesSelector(pod.metadata.labels, spec.selector),
      ),
    )
    .map(({ metadata }) => metadata.namespace);
  return [...new Set(namespaces)];
}

function mapOf<T>(names: readonly string[], make: (name: string) => T): ReadonlyMap<string, T> {
  return new Map(names.map((name) => [name, make(name)]));
}

function itemsOf<T>(followed: ReadonlyMap<string, Followed<T>>): ReadonlyMap<string, readonly T[] | undefined> {
  return new Map([...followed].map(([name, one]) => [name, one.items()]));
}
