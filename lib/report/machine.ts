/** The machine interfaces: documents of apiVersion vmnode/v1 as JSON, YAML or names, and events as JSON lines. Schema: docs/schema.json. */
import { dump } from "js-yaml";
import type { NodeOverview } from "../model/overview.ts";
import type { ProgressEvent } from "../model/progress.ts";
import type { Check, NodeVerdict, VmVerdict } from "../model/verdict.ts";

const apiVersion = "vmnode/v1";

export type MachineFormat = "json" | "yaml" | "name";

/** A row of `list NODE`: a VM's verdict and where it runs. */
export type VmItem = VmVerdict & { readonly node: string };

interface NodeList {
  readonly apiVersion: string;
  readonly kind: "NodeList";
  readonly items: readonly NodeOverview[];
}

interface VmList {
  readonly apiVersion: string;
  readonly kind: "VirtualMachineInstanceList";
  readonly items: readonly VmItem[];
}

/** What runs where; a version is absent where it could not be told. */
export interface Versions {
  readonly client: string;
  readonly kubernetes?: string | undefined;
  readonly kubevirt?: string | undefined;
}

export type MachineDocument =
  | NodeList
  | VmList
  | (Check & { readonly apiVersion: string; readonly kind: "Check" })
  | (Versions & { readonly apiVersion: string; readonly kind: "Versions" });

export function checkDocument(check: Check): MachineDocument {
  return { apiVersion, kind: "Check", ...check };
}

export function nodeListDocument(items: readonly NodeOverview[]): MachineDocument {
  return { apiVersion, kind: "NodeList", items };
}

export function vmListDocument(items: readonly VmItem[]): MachineDocument {
  return { apiVersion, kind: "VirtualMachineInstanceList", items };
}

export function versionsDocument(versions: Versions): MachineDocument {
  return { apiVersion, kind: "Versions", ...versions };
}

/** The VMs of all nodes, each with its node's name. */
export function vmItems(nodes: readonly NodeVerdict[]): VmItem[] {
  return nodes.flatMap((node) => node.vms.map((vm) => ({ node: node.name, ...vm })));
}

/** The lines of a document. `name` prints `kind/name` as kubectl's `-o name` does, without namespaces. */
export function machineLines(document: MachineDocument, format: MachineFormat): string[] {
  switch (format) {
    case "json":
      return toJson(document, 4).split("\n");
    case "yaml":
      return dump(withoutUndefined(document), { lineWidth: -1, noRefs: true }).trimEnd().split("\n");
    case "name":
      return names(document);
  }
}

/** One event as one line of JSON. */
export function eventJson(event: ProgressEvent): string {
  const { type, time, ...fields } = event;
  return toJson({ apiVersion, type, time, ...fields });
}

function names(document: MachineDocument): string[] {
  if (document.kind === "Versions") return [];
  if (document.kind === "VirtualMachineInstanceList") {
    return document.items.map((vm) => `virtualmachineinstance.kubevirt.io/${vm.name}`);
  }
  return (document.kind === "NodeList" ? document.items : document.nodes).map((node) => `node/${node.name}`);
}

/** JSON escapes C0 controls by itself; the other characters that a terminal obeys are escaped here, which leaves the value the same. */
function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[\x7f-\x9f\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu,
    (character) =>
      [...Array(character.length).keys()]
        .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
        .join(""),
  );
}

function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
