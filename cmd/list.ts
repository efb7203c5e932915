/** `list`: the nodes with their VMs counted, or the VMs of nodes; once, or again whenever something has changed. */
import type { KubeClient } from "../lib/kube/client.ts";
import { InterruptedError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import type { Facts } from "../lib/model/facts.ts";
import { isCordoned, type NodeOverview } from "../lib/model/overview.ts";
import { type NodeVerdict, type VmItem, vmItems } from "../lib/model/verdict.ts";
import { type Overview, readOverview } from "../lib/observe/overview.ts";
import type { MachineFormat } from "../lib/report/machine.ts";
import { sanitise } from "../lib/report/sanitise.ts";
import { sortBy } from "../lib/report/sort.ts";
import { count, gapTexts } from "../lib/report/wording.ts";
import type { OptionsOf } from "./command.ts";
import { commandOn, connectionTexts } from "./command-line.ts";
import type { list } from "./definitions/list.ts";
import { documentLines } from "./documents.ts";
import { connectionOptions } from "./flags/connection.ts";
import { wantedNodes } from "./flags/nodes.ts";
import type { World } from "./world.ts";

type Options = OptionsOf<typeof list>;

/** What there is to show: its items in order, and how they are printed. */
interface Listing {
  /** Each item with the text that changes when it does. */
  readonly items: readonly { readonly key: string; readonly state: () => string }[];
  /** A line of headers, one line for each item, and perhaps remarks; nothing where a document is printed. */
  readonly table: readonly string[];
  readonly document: (keys: ReadonlySet<string>, format: MachineFormat) => Promise<readonly string[]>;
  /** What could not be read. */
  readonly warnings: readonly string[];
  /** What is said when there are no items. */
  readonly empty: string;
}

const secondsBetweenLooks = 5;

/** Exit code 0; with --watch that of the signal that ends it. Throws where the nodes, or their VMs, cannot be read. */
export async function run(options: Options, world: World): Promise<ExitCode> {
  const { names } = wantedNodes(options);
  const client = await world.connect(connectionOptions(options), options.v);
  const look = (): Promise<Listing> =>
    names.length === 0 ? listNodes(client, options, world) : listVms(client, names, { options, world });
  const first = await look();
  await show(first, options, world);
  return options.watch ? await keepShowing(first, look, { options, world }) : exitCode.ok;
}

async function listNodes(client: KubeClient, options: Options, world: World): Promise<Listing> {
  const namespace = namespaceOf(options);
  // What is not read need not be the same at the next look, nor be there to sort by.
  const whole = options.watch || options.sortBy !== undefined || !["wide", undefined].includes(options.output);
  const wide = options.output === "wide";
  const vmisAbove = wide ? nodesSingly : undefined;
  const overview = await readOverview(client, { labelSelector: options.selector, namespace, whole, vmisAbove });
  const read = wide ? await withForecasts(client, overview, world) : await withLeaving(client, overview.nodes);
  const nodes = options.sortBy === undefined ? read : sortBy(read, options.sortBy);
  return {
    items: nodes.map((node) => ({ key: `node/${node.name}`, state: () => JSON.stringify(node) })),
    table: await drawn(options, ({ nodeTable }) =>
      nodeTable(nodes, {
        now: overview.time ?? world.clock.now(),
        wide,
        ...world.terminal.layout,
        program: world.program,
        commandFlags: connectionTexts(options),
      }),
    ),
    document: (keys, format) =>
      documentLines({ kind: "NodeList", items: nodes.filter(({ name }) => keys.has(`node/${name}`)) }, format),
    warnings: [
      ...(overview.vmis === undefined ? [] : [estimated]),
      ...overview.deleted.map(
        ({ name, vms }) =>
          `node ${sanitise(name)} was deleted, and ${count(vms, "VM")} still ${vms === 1 ? "counts" : "count"} as there: ${commandOn(world.program, "recover", sanitise(name), options)} --dry-run`,
      ),
    ],
    empty: "No nodes found",
  };
}

/** Marks of a drain are looked for where one is to be expected: on nodes that are cordoned, or bear a record. */
async function withLeaving(client: KubeClient, nodes: readonly NodeOverview[]): Promise<readonly NodeOverview[]> {
  const suspects = nodes
    .filter((node) => node.vms > 0 && (isCordoned(node) || (node.record?.kind ?? "none") !== "none"))
    .map(({ name }) => name);
  if (suspects.length === 0) return nodes;
  const { countLeaving } = await import("../lib/observe/leaving.ts");
  const leaving = await countLeaving(client, suspects);
  return nodes.map((node) => (suspects.includes(node.name) ? { ...node, leaving: leaving.get(node.name) ?? 0 } : node));
}

/** The overview does without it, and starts the sooner. */
const loadObserve = () => import("../lib/observe/observe.ts");

/** Of more nodes than this the forecast is an estimate from their VMs alone. */
const nodesSingly = 25;
const estimated = `with more than ${nodesSingly} nodes DRAIN is estimated from their VMs alone; check NODE tells for certain`;

async function withForecasts(
  client: KubeClient,
  { nodes, vmis }: Overview,
  { clock }: World,
): Promise<readonly NodeOverview[]> {
  const [{ forecastEach }, { leavingByNode }, { observe }, { observeManyNodes }] = await Promise.all([
    import("../lib/assess/each-node.ts"),
    import("../lib/assess/evacuation.ts"),
    loadObserve(),
    import("../lib/observe/many-nodes.ts"),
  ]);
  const asked = { nodes: nodes.map(({ name }) => name), clock };
  const facts = await (vmis === undefined
    ? observe(client, { ...asked, stillNeeded: () => [] })
    : observeManyNodes(client, { ...asked, vmis }));
  const forecasts = forecastEach(facts);
  const leaving = leavingByNode(facts);
  return nodes.map((node) => ({
    ...node,
    drain: forecasts.get(node.name),
    leaving: leaving.get(node.name) ?? 0,
  }));
}

interface Context {
  readonly options: Options;
  readonly world: World;
}

async function listVms(client: KubeClient, names: readonly string[], { options, world }: Context): Promise<Listing> {
  const [{ assess, roomWanted }, { observe }] = await Promise.all([import("../lib/assess/check.ts"), loadObserve()]);
  const nothingWaived = { waived: new Set<string>() };
  const stillNeeded = (known: Facts) => roomWanted(known, nothingWaived);
  // Documents carry findings, which tell of more than a table shows.
  const vmsOnly = options.output !== "json" && options.output !== "yaml";
  const facts = await observe(client, { nodes: names, clock: world.clock, stillNeeded, vmsOnly });
  const check = assess(facts, nothingWaived);
  const namespace = namespaceOf(options);
  const nodes = check.nodes.map((node) => ({
    ...node,
    vms: node.vms.filter((vm) => namespace === undefined || vm.namespace === namespace),
  }));
  const items = options.sortBy === undefined ? vmItems(nodes) : sortBy(vmItems(nodes), options.sortBy);
  return {
    items: items.map((vm) => ({ key: keyOf(vm), state: () => JSON.stringify(vm) })),
    table: await drawn(options, ({ vmTable }) =>
      vmTable(inOrder(nodes, items), {
        now: new Date(check.time),
        wide: options.output === "wide",
        ...world.terminal.layout,
      }),
    ),
    document: (keys, format) =>
      documentLines({ kind: "VirtualMachineInstanceList", items: items.filter((vm) => keys.has(keyOf(vm))) }, format),
    warnings: gapTexts(check.gaps).map((gap) => `not read: ${gap}`),
    empty: `No VMs found on ${names.join(", ")}`,
  };
}

/** Nothing where documents are printed: those who read them do not wait for what draws tables. */
async function drawn(
  { output }: Options,
  draw: (tables: typeof import("../lib/report/list.ts")) => readonly string[],
): Promise<readonly string[]> {
  return isForPrograms(output) ? [] : draw(await import("../lib/report/list.ts"));
}

function isForPrograms(output: Options["output"]): output is Exclude<Options["output"], "wide" | undefined> {
  return output !== undefined && output !== "wide";
}

function keyOf({ node, namespace, name }: VmItem): string {
  return `${namespace}/${name} on ${node}`;
}

/** The nodes with their VMs in the order of `items`, which may go to and fro between nodes. */
function inOrder(nodes: readonly NodeVerdict[], items: readonly VmItem[]): readonly NodeVerdict[] {
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) return [{ ...only, vms: items }];
  return items.flatMap((vm) => nodes.filter(({ name }) => name === vm.node).map((node) => ({ ...node, vms: [vm] })));
}

/** Undefined for all namespaces, which is the default whatever namespace the context has. */
function namespaceOf(options: Options): string | undefined {
  return options.allNamespaces ? undefined : options.namespace;
}

async function show(listing: Listing, { output }: Options, { terminal }: World): Promise<void> {
  for (const warning of listing.warnings) terminal.warn(warning);
  const all = new Set(listing.items.map(({ key }) => key));
  if (isForPrograms(output)) terminal.writeLines(await listing.document(all, output));
  else if (all.size === 0) terminal.remark(listing.empty);
  else terminal.writeLines(listing.table);
}

/** Looks again and again, and prints the items that have changed, as `kubectl get --watch` does, until Ctrl-C. */
async function keepShowing(
  first: Listing,
  look: () => Promise<Listing>,
  { options, world }: Context,
): Promise<ExitCode> {
  const signal = world.terminal.catchSignals();
  let before = first;
  try {
    for (;;) {
      await world.clock.sleep(secondsBetweenLooks * 1000, signal);
      const now = await look();
      await showChanges(before, now, { options, world });
      before = now;
    }
  } catch (error) {
    if (error instanceof InterruptedError) return error.exitCode;
    throw error;
  }
}

function headingOf({ table: [heading = ""] }: Listing): string {
  return heading.replace(/ +/g, " ");
}

async function showChanges(before: Listing, now: Listing, { options, world }: Context): Promise<void> {
  const known = new Map(before.items.map(({ key, state }) => [key, state()]));
  const changed = now.items.flatMap(({ key, state }, row) => (known.get(key) === state() ? [] : [{ key, row }]));
  const present = new Set(now.items.map(({ key }) => key));
  if (isForPrograms(options.output)) {
    const keys = new Set(changed.map(({ key }) => key));
    if (changed.length > 0) world.terminal.writeLines(await now.document(keys, options.output));
    return;
  }
  // On a narrow terminal columns come and go with what is in them.
  const heading = headingOf(now) === headingOf(before) ? [] : now.table.slice(0, 1);
  world.terminal.writeLines([...heading, ...changed.flatMap(({ row }) => now.table[row + 1] ?? [])]);
  const gone = before.items.filter(({ key }) => !present.has(key));
  world.terminal.writeLines(gone.map(({ key }) => `${key} is no longer there`));
}
