/** The machine interfaces: documents of apiVersion vmnode/v1 as JSON, YAML or names, and events as JSON lines. Schema: docs/schema.json. */
import { dump } from "js-yaml";
import type { Diagnosis } from "../model/diagnosis.ts";
import type { Dossier, Liveness } from "../model/dossier.ts";
import type { NodeOverview } from "../model/overview.ts";
import type { ProgressEvent } from "../model/progress.ts";
import type { Check, VmItem } from "../model/verdict.ts";
import { sanitise } from "./sanitise.ts";

const apiVersion = "vmnode/v1";

export type MachineFormat = "json" | "yaml" | "name";

/** What runs where; a version is absent where it could not be told. */
export interface Versions {
  readonly client: string;
  readonly kubernetes?: string | undefined;
  readonly kubevirt?: string | undefined;
}

/** A node that looks lost, and what its signs of life say at first sight. */
export interface SuspectItem extends Liveness {
  readonly node: string;
  readonly vms: number;
  readonly since?: string | undefined;
}

export type MachineDocument =
  | { readonly kind: "NodeList"; readonly items: readonly NodeOverview[] }
  | { readonly kind: "SuspectList"; readonly items: readonly SuspectItem[] }
  | { readonly kind: "VirtualMachineInstanceList"; readonly items: readonly VmItem[] }
  | ({ readonly kind: "Check" } & Check)
  | ({ readonly kind: "Dossier" } & Dossier)
  | ({ readonly kind: "Diagnosis" } & Diagnosis)
  | ({ readonly kind: "Versions" } & Versions);

/** The lines of a document. `name` prints `kind/name` as kubectl's `-o name` does, without namespaces. */
export function machineLines(document: MachineDocument, format: MachineFormat): string[] {
  switch (format) {
    case "json":
      return toJson({ apiVersion, ...document }, 4).split("\n");
    case "yaml":
      return toYaml({ apiVersion, ...document })
        .trimEnd()
        .split("\n");
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
  if (document.kind === "Versions" || document.kind === "Diagnosis") return [];
  if (document.kind === "Dossier") return [`node/${sanitise(document.node)}`];
  if (document.kind === "SuspectList") return document.items.map(({ node }) => `node/${sanitise(node)}`);
  if (document.kind === "VirtualMachineInstanceList") {
    return document.items.map((vm) => `virtualmachineinstance.kubevirt.io/${sanitise(vm.name)}`);
  }
  return (document.kind === "NodeList" ? document.items : document.nodes).map((node) => `node/${sanitise(node.name)}`);
}

/** What a terminal obeys, and the usual escaping of JSON and YAML leaves alone. It can be escaped further without changing the value. */
const unescaped = /[\x7f-\x9f\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;

function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(unescaped, (character) =>
    Array.from({ length: character.length }, (_none, at) => `\\u${hex(character.charCodeAt(at), 4)}`).join(""),
  );
}

function toYaml(value: unknown): string {
  // YAML has no word for undefined; JSON leaves such fields out.
  const json = JSON.stringify(value);
  // Only a text in double quotes can hold escapes.
  const quoted = { forceQuotes: true, quoteStyle: "double" } as const;
  const yaml = dump(JSON.parse(json), { lineWidth: -1, noRefs: true, ...(json.search(unescaped) < 0 ? {} : quoted) });
  return yaml.replace(unescaped, (character) => `\\U${hex(character.codePointAt(0) ?? 0, 8)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
