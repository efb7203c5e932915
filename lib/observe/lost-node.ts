/** Reads everything that the verdict on a node that looks lost, and the recovery of its VMs, depend on. */
import type { Discovery } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import { type Facts, type NodeHolder, recoveryOn } from "../model/facts.ts";
import { objectOf } from "../model/json.ts";
import { isFinishedPod, keyOf, type Node, type Pod } from "../model/kubernetes.ts";
import { isFinalVmi } from "../model/kubevirt.ts";
import type { ContainerWrite, LostNodeFacts, NodeSigns, RecordOnLostNode, Seen, TakenUp } from "../model/lost-node.ts";
import { appLabel, virtApiApp, virtControllerApp } from "../platform/names.ts";
import { mayI } from "./access.ts";
import {
  type Disks,
  readDisks,
  readMigrations,
  readOtherLaunchers,
  readOwners,
  virtualMachinesByName,
} from "./around-vms.ts";
import { readDeclaration } from "./declaration.ts";
import { decodeNode, decodePod } from "./decode/core.ts";
import { recordOnNode } from "./decode/record.ts";
import { decodeAttachment } from "./decode/storage.ts";
import { readHolders } from "./holders.ts";
import { readKubernetesVersion } from "./installation.ts";
import { readNamed } from "./named-objects.ts";
import { readInstallation, refuseUnknownNodes, timesOf, withRoom } from "./observe.ts";
import { readPowerReports } from "./power-reports.ts";
import { number, text } from "./read-field.ts";
import { type Reading, startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { containerWrite, readNodeAndLease } from "./signs.ts";
import { refuseHiddenVms, refuseUnseenVms } from "./visible-vms.ts";
import { readWorkloads, vmisByName, type Workloads } from "./workloads.ts";

export interface LostNodeOptions {
  readonly clock: Clock;
  /** Names nodes whose pods are to be read next, so that the room there can be counted; asked again until it names none. */
  readonly stillNeeded?: ((facts: Facts) => readonly string[]) | undefined;
  /** Who we are for the API server: our own record on the node is not somebody else's. */
  readonly user?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The node, its signs of life, and all that belongs to its VMs. A Node that has been deleted is told as such, as long as
 * something still names it, or a recovery of it is on record. What could not be read is a gap, or unreadable, and the rest goes
 * on. Throws KubeError for a name that nothing bears, RefusedError or ExpectedError where VMs cannot be seen, UnreachableError
 * without an API server.
 */
export async function observeLostNode(
  client: KubeClient,
  name: string,
  options: LostNodeOptions,
): Promise<LostNodeFacts> {
  const reading = startReading(client, options.signal);
  const [discovery, signs, nodes, kubernetes, { workloads, containers }, attachments] = await Promise.all([
    reading.discover(),
    readNodeAndLease(reading, name, options.clock),
    reading.list(resourceTypes.nodes, {}, decodeNode),
    readKubernetesVersion(reading),
    readGuests(reading, name),
    reading.list(resourceTypes.attachments, {}, decodeAttachment),
  ]);
  refuseUnseenVms(discovery);
  const node = signs.object.kind === "seen" ? signs.object.value : undefined;
  const attached = (attachments ?? []).filter(({ nodeName }) => nodeName === name);
  const isAbsent = signs.object.kind === "absent";
  const record = isAbsent ? await readDeclaration(reading, name, lastRenewed(signs)) : recordOf(node);
  const named = workloads.pods.length + workloads.vmis.length + attached.length;
  if (isAbsent && named === 0 && record.kind === "none") refuseUnknownNodes([name], nodes ?? []);

  const around = await readAround(reading, { discovery, name, node, record, workloads, user: options.user });
  const { installation, holders, owned, power, controlPlane, mayPatchNode, takenUp } = around;
  const facts: Facts = {
    ...timesOf(reading, options.clock),
    server: client.connection.server,
    versions: { kubernetes, kubevirt: installation.kubevirt?.observedVersion },
    targets: [name],
    nodes: [...(node === undefined ? [] : [node]), ...(nodes ?? []).filter((other) => other.metadata.name !== name)],
    pods: [...workloads.pods, ...owned.otherPods],
    roomKnown: [],
    vmis: workloads.vmis,
    absent: workloads.absent,
    virtualMachines: owned.virtualMachines,
    migrations: owned.migrations,
    budgets: [],
    claims: [...owned.disks.claims, ...takenUp.disks.claims],
    volumes: [...owned.disks.volumes, ...takenUp.disks.volumes],
    ...installation,
    holders,
    dryRuns: {},
    gaps: reading.gaps,
  };
  const whole = await withRoom(reading, facts, options);
  return {
    node: name,
    facts: { ...whole, gaps: [...reading.gaps] },
    signs: { ...signs, containers },
    power,
    attachments: attached,
    controlPlane,
    record,
    takenUp: { vmis: takenUp.vmis, virtualMachines: takenUp.virtualMachines },
    mayPatchNode,
  };
}

function lastRenewed({ lease }: Pick<NodeSigns, "lease">): string | undefined {
  return lease.kind === "seen" ? lease.value.writtenAt : undefined;
}

interface Guests {
  readonly workloads: Workloads;
  readonly containers: NodeSigns["containers"];
}

/** The pods and VMIs of the node, and when each pod's containers were last reported. */
async function readGuests(reading: Reading, name: string): Promise<Guests> {
  const writes: ContainerWrite[] = [];
  const workloads = await readWorkloads(
    watchingPods(reading, (pod) => {
      const write = text(objectOf(objectOf(pod).spec).nodeName) === name ? containerWrite(pod) : undefined;
      if (write !== undefined) writes.push(write);
    }),
    [name],
    true,
  );
  refuseHiddenVms(workloads, reading.gaps);
  const gap = reading.gaps.find(({ resource }) => resource === resourceTypes.pods.plural);
  const containers: Seen<readonly ContainerWrite[]> =
    gap === undefined || writes.length > 0
      ? { kind: "seen", value: writes.map((write) => ({ ...write, readAt: reading.serverTime()?.toISOString() })) }
      : { kind: "unreadable", forbidden: gap.reason.startsWith("forbidden"), reason: gap.reason };
  return { workloads, containers };
}

/** The same pass, with every pod shown as it came: what decoding leaves out is needed once. */
function watchingPods(reading: Reading, see: (pod: unknown) => void): Reading {
  const shown = <T>(plural: string, decode: (object: unknown) => T) =>
    plural !== resourceTypes.pods.plural
      ? decode
      : (object: unknown): T => {
          see(object);
          return decode(object);
        };
  return {
    ...reading,
    list: (type, selection, decode) => reading.list(type, selection, shown(type.plural, decode)),
    attemptList: (type, selection, decode) => reading.attemptList(type, selection, shown(type.plural, decode)),
  };
}

interface Surroundings {
  readonly discovery: Discovery;
  readonly name: string;
  readonly node: Node | undefined;
  readonly record: RecordOnLostNode;
  readonly workloads: Workloads;
  readonly user: string | undefined;
}

async function readAround(reading: Reading, surroundings: Surroundings) {
  const { discovery, name, node, record, workloads } = surroundings;
  const running = workloads.vmis.filter((vmi) => !isFinalVmi(vmi));
  const [installation, holders, power, virtualMachines, migrations, otherPods, disks, mayPatchNode, takenUp] =
    await Promise.all([
      readInstallation(reading, discovery),
      readOthers(reading, surroundings),
      readPowerReports(reading, { discovery, name, node }),
      readOwners(reading, workloads.vmis),
      readMigrations(
        reading,
        workloads.vmis.map(({ metadata }) => metadata),
      ),
      readOtherLaunchers(reading, running, workloads.pods),
      readDisks(reading, workloads.vmis),
      askPatchRight(reading),
      readTakenUp(reading, record, workloads),
    ]);
  const controlPlane = await readControlPlane(reading, installation.kubevirt?.metadata.namespace);
  const owned = { virtualMachines, migrations, otherPods, disks };
  return { installation, holders, power, controlPlane, owned, mayPatchNode, takenUp };
}

/** The VMs of a recovery that was begun, as far as they have left the node; nothing where no recovery is on record. */
async function readTakenUp(
  reading: Reading,
  found: RecordOnLostNode,
  { vmis }: Workloads,
): Promise<TakenUp & { readonly disks: Disks }> {
  // A VMI that has ended names the node for good, and a pod may outlive its VMI.
  const here = new Set(vmis.filter((vmi) => !isFinalVmi(vmi)).map(({ metadata }) => keyOf(metadata)));
  const { vms: recorded = [] } = recoveryOn(found) ?? {};
  const gone = recorded.filter((vm) => !here.has(keyOf(vm)));
  const [present, virtualMachines] = await Promise.all([
    readNamed(reading, vmisByName, gone),
    readNamed(reading, virtualMachinesByName, gone),
  ]);
  return { vmis: present, virtualMachines, disks: await readDisks(reading, present) };
}

/** virt-api and virt-controller, wherever they run. */
async function readControlPlane(reading: Reading, namespace: string | undefined): Promise<readonly Pod[]> {
  const labelSelector = `${appLabel} in (${virtApiApp},${virtControllerApp})`;
  const pods = await reading.list(resourceTypes.pods, { namespace, labelSelector }, decodePod);
  return (pods ?? []).filter((pod) => !isFinishedPod(pod));
}

async function askPatchRight(reading: Reading): Promise<boolean | undefined> {
  const answer = await reading.attempt((client) =>
    mayI(client, { verb: "patch", type: resourceTypes.nodes }, { signal: reading.signal }),
  );
  return answer.ok ? answer.value : undefined;
}

/** Who else holds the node. An operation of our own is taken up, not refused. */
async function readOthers(
  reading: Reading,
  { discovery, name, node, record, user }: Surroundings,
): Promise<NodeHolder[]> {
  const [holders, lease] = await Promise.all([
    readHolders(reading, { discovery, nodes: [node ?? deletedNode(name)], user }),
    medik8sLease(reading, discovery, name),
  ]);
  const ours = record.kind === "record" && record.record.by === user;
  return [
    ...holders.filter(({ kind }) => kind !== "Record" || !ours),
    ...(lease === undefined || holders.some(({ kind }) => kind === lease.kind) ? [] : [lease]),
  ];
}

function recordOf(node: Node | undefined): RecordOnLostNode {
  if (node === undefined) return { kind: "none" };
  const found = recordOnNode(node);
  return found.kind === "record" && !node.spec.unschedulable ? { ...found, kind: "stale" } : found;
}

/** Bears no marks; what is kept under its name elsewhere can still be asked for. */
function deletedNode(name: string): Node {
  return {
    metadata: {
      name,
      namespace: "",
      uid: "",
      resourceVersion: "",
      labels: {},
      annotations: {},
      ownerReferences: [],
      finalizers: [],
    },
    spec: { unschedulable: false, taints: [] },
    status: { conditions: [], allocatable: {} },
  };
}

/** The Lease by which maintenance and remediation operators keep each other off a node (medik8s/common pkg/lease). */
async function medik8sLease(reading: Reading, discovery: Discovery, node: string): Promise<NodeHolder | undefined> {
  if (!discovery.groups.some((group) => group.name.endsWith(".medik8s.io"))) return undefined;
  const path = { type: resourceTypes.leases, namespace: "medik8s-leases", name: `node-${node}` };
  const lease = await reading.get(path, (object) => objectOf(objectOf(object).spec));
  const holder = text(lease?.holderIdentity);
  const expiry = Date.parse(text(lease?.renewTime) ?? "") + (number(lease?.leaseDurationSeconds) ?? 0) * 1000;
  if (holder === undefined || expiry < (reading.serverTime()?.getTime() ?? 0)) return undefined;
  const kind = holder === "node-maintenance" ? "NodeMaintenance" : "Remediation";
  return { node, kind, object: `lease/node-${node}`, detail: `held by ${holder}` };
}
