/** Reads the nodes of a cluster with their VMs counted, from tables: a fraction of what the objects themselves would be. */

import type { Table } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import { findCondition, type Node } from "../model/kubernetes.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";
import type { NodeOverview } from "../model/overview.ts";
import { decodeNode } from "./decode/core.ts";
import { decodeVmi } from "./decode/kubevirt.ts";
import { recordOnNode } from "./decode/record.ts";
import type { LeanVmis } from "./lean-vmis.ts";
import { type Attempt, type Reading, startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { refuseUnseenVms } from "./visible-vms.ts";

export interface OverviewOptions {
  /** Chooses nodes. */
  readonly labelSelector?: string | undefined;
  /** Counts VMs of this namespace alone. */
  readonly namespace?: string | undefined;
  /** Age and record of each node, however many there are; else of a large cluster those of nodes that are not in service. */
  readonly whole?: boolean | undefined;
  /** Of more nodes than this the VMIs themselves are read instead of their table, for who goes on with them. */
  readonly vmisAbove?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Overview {
  readonly nodes: readonly NodeOverview[];
  /** Nodes that no longer exist and at which VMs are still counted; empty when nodes were chosen by label. */
  readonly deleted: readonly { readonly name: string; readonly vms: number }[];
  /** The VMIs of all nodes, where they themselves were read. */
  readonly vmis?: LeanVmis | undefined;
  /** The API server's time; undefined when it tells none. */
  readonly time: Date | undefined;
}

/** So many nodes that are not Ready, or of which only the table is known, are looked at one by one; the others just are. */
const detailedAtMost = 20;
/** Labels, annotations and managed fields of a node are a hundred times as much as its row. */
const nodesWithMetadata = 100;

/**
 * The nodes in the server's order. Throws KubeError when nodes or VMIs may not be listed, because a count that is missing would
 * read as none; RefusedError or ExpectedError where VMs cannot be seen at all.
 */
export async function readOverview(client: KubeClient, options: OverviewOptions = {}): Promise<Overview> {
  const reading = startReading(client, options.signal, { withoutManagedFields: true });
  const discovered = reading.discover({ groupsOnly: true });
  const rows = readRows(reading, options);
  // Without KubeVirt its VMIs are "not found", which says less than what discovery is about to say.
  rows.catch(() => {});
  refuseUnseenVms(await discovered);
  const { nodes, guests, vmis } = await rows;
  const counts = countByNode(guests);
  const detailed = await withDetails(reading, nodes);
  const known = new Set(nodes.map(({ name }) => name));
  const unknown = options.labelSelector === undefined ? [...counts].filter(([name]) => !known.has(name)) : [];
  return {
    nodes: detailed.map((node) => ({ ...node, ...(counts.get(node.name) ?? noGuests) })),
    deleted: unknown.map(([name, { vms }]) => ({ name, vms })),
    vmis,
    time: reading.serverTime(),
  };
}

interface Rows {
  readonly nodes: readonly NodeRow[];
  readonly guests: readonly Guest[];
  readonly vmis?: LeanVmis | undefined;
}

async function readRows(reading: Reading, options: OverviewOptions): Promise<Rows> {
  const reads = readNodes(reading, options);
  if (options.vmisAbove !== undefined) {
    const nodes = await reads;
    if (nodes.length > options.vmisAbove) {
      const { readLeanVmis } = await import("./lean-vmis.ts");
      const vmis = await readLeanVmis(reading);
      return { nodes, guests: guestsOf(vmis, options) ?? (await readGuests(reading, options)), vmis };
    }
  }
  const [nodes, guests] = await Promise.all([reads, readGuests(reading, options)]);
  return { nodes, guests };
}

type NodeRow = Omit<NodeOverview, keyof Count>;

interface Count {
  readonly vms: number;
  readonly migratable: number;
  readonly notMigratable: number;
}

const noGuests: Count = { vms: 0, migratable: 0, notMigratable: 0 };

/** A VMI as far as it counts. */
interface Guest {
  readonly node: string;
  readonly phase: string;
  /** Status of the condition LiveMigratable; empty while KubeVirt has not said. */
  readonly migratable: string;
}

async function readNodes(reading: Reading, { labelSelector, whole }: OverviewOptions): Promise<readonly NodeRow[]> {
  const part = whole ? {} : { limit: nodesWithMetadata, pagesAtMost: 1 };
  const first = await reading.table(resourceTypes.nodes, { labelSelector, ...part }, "Metadata");
  const { rest } = first ?? {};
  const others = rest && (await reading.table(resourceTypes.nodes, { labelSelector, from: rest.from }));
  const rows = rowsWith(first, ["Status"])?.map(({ cells: [status], object }) => {
    const node = decodeNode(object);
    return node && { ...rowOf(node), status: status || "Unknown", statusSince: undefined };
  });
  const bare =
    rest === undefined ? [] : rowsWith(others, ["Name", "Status", "Age"])?.map(({ cells }) => bareRow(cells));
  if (rows === undefined || bare === undefined) return await readNodeObjects(reading, labelSelector);
  return [...rows.filter((row) => row !== undefined), ...bare];
}

function bareRow([name = "", status = "", age]: readonly string[]): NodeRow {
  return { name, status: status || "Unknown", age };
}

async function readNodeObjects(reading: Reading, labelSelector: string | undefined): Promise<readonly NodeRow[]> {
  return orThrow(await reading.attemptList(resourceTypes.nodes, { labelSelector }, decodeNode)).map(rowOf);
}

function rowOf(node: Node): NodeRow {
  return {
    name: node.metadata.name,
    status: statusOf(node),
    statusSince: findCondition(node.status.conditions, "Ready")?.lastTransitionTime,
    createdAt: node.metadata.creationTimestamp,
    record: recordOnNode(node),
  };
}

/** kubectl's STATUS column (kubernetes pkg/printers/internalversion, printNode). */
function statusOf(node: Node): string {
  const ready = findCondition(node.status.conditions, "Ready");
  const status = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return node.spec.unschedulable ? `${status},SchedulingDisabled` : status;
}

/** The table does not tell since when a node is not Ready, and its rows alone not who has taken it out of service. */
async function withDetails(reading: Reading, rows: readonly NodeRow[]): Promise<readonly NodeRow[]> {
  const vague = rows.filter(({ status, statusSince, record }) =>
    record === undefined ? status !== "Ready" : !/^Ready(,|$)/.test(status) && statusSince === undefined,
  );
  const asked = vague
    .slice(0, detailedAtMost)
    .map(({ name }) => reading.get({ type: resourceTypes.nodes, name }, decodeNode));
  const details = new Map((await Promise.all(asked)).map((node) => [node?.metadata.name, node]));
  return rows.map((row) => {
    const node = details.get(row.name);
    return node === undefined ? row : { ...row, ...rowOf(node), status: row.status };
  });
}

async function readGuests(reading: Reading, { namespace }: OverviewOptions): Promise<readonly Guest[]> {
  const table = await reading.table(resourceTypes.vmis, { namespace });
  const rows = rowsWith(table, ["NodeName", "Phase", "Live-Migratable"]);
  if (rows !== undefined)
    return rows.map(({ cells: [node = "", phase = "", migratable = ""] }) => ({ node, phase, migratable }));
  const guestIn = (object: unknown) => {
    const vmi = decodeVmi(object);
    return vmi && guestOf(vmi);
  };
  return orThrow(await reading.attemptList(resourceTypes.vmis, { namespace }, guestIn));
}

function guestsOf({ items }: LeanVmis, { namespace }: OverviewOptions): readonly Guest[] | undefined {
  return items?.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace).map(guestOf);
}

function guestOf({ status }: VirtualMachineInstance): Guest {
  const migratable = findCondition(status.conditions, "LiveMigratable")?.status ?? "";
  return { node: status.nodeName ?? "", phase: status.phase, migratable };
}

function orThrow<T>(attempt: Attempt<T>): T {
  if (attempt.ok) return attempt.value;
  throw attempt.error;
}

interface Row {
  readonly cells: readonly string[];
  readonly object: unknown;
}

/** The cells of the named columns; undefined unless the table has them all. */
function rowsWith(table: Table | undefined, names: readonly string[]): readonly Row[] | undefined {
  const indexes = names.map((name) => table?.columns.findIndex((column) => column.name === name) ?? -1);
  if (table === undefined || indexes.includes(-1)) return undefined;
  return table.rows.map(({ cells, object }) => ({
    cells: indexes.map((index) => (typeof cells[index] === "string" ? cells[index] : "")),
    object,
  }));
}

function countByNode(guests: readonly Guest[]): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>();
  for (const { node, phase, migratable } of guests) {
    if (node === "" || phase === "Succeeded" || phase === "Failed") continue;
    const { vms, ...so } = counts.get(node) ?? noGuests;
    counts.set(node, {
      vms: vms + 1,
      migratable: so.migratable + (migratable === "True" ? 1 : 0),
      notMigratable: so.notMigratable + (migratable === "False" ? 1 : 0),
    });
  }
  return counts;
}
