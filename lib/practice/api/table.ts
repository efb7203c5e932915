/** Tables and partial metadata: the forms of an answer that kubectl and this program ask for in the Accept header. */
import type { Resource } from "../resource.ts";
import type { KubeObject } from "../store.ts";
import { jsonText } from "./call.ts";
import { clusterColumns } from "./columns/cluster.ts";
import { ageColumn, type Column, nameColumn } from "./columns/column.ts";
import { customColumns } from "./columns/custom.ts";
import { podColumns, podRowConditions } from "./columns/pods.ts";
import { storageColumns } from "./columns/storage.ts";
import { workloadColumns } from "./columns/workloads.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

const builtin: Readonly<Record<string, readonly Column[]>> = {
  "/pods": podColumns,
  ...workloadColumns,
  ...clusterColumns,
  ...storageColumns,
};

const custom = new WeakMap<Resource, readonly Column[]>();

/** The columns of a resource: those of its printer, of its definition, or name and age. */
export function columnsOf(resource: Resource): readonly Column[] {
  const known = builtin[`${resource.group}/${resource.resource}`];
  if (known !== undefined) return known;
  if (resource.custom !== true) return [nameColumn, ageColumn];
  let columns = custom.get(resource);
  if (columns === undefined) {
    columns = customColumns(resource.printerColumns ?? []);
    custom.set(resource, columns);
  }
  return columns;
}

/** A Table as JSON text; `metadata` is that of the list, or of the one object shown. */
export function tableText(
  resource: Resource,
  objects: readonly KubeObject[],
  options: { metadata: object; include: IncludeObject; now: Date; version: string; headers?: boolean },
): string {
  const columns = columnsOf(resource);
  const definitions = columns.map(({ name, type, format, priority }) => {
    return { name, type, format, description: "", priority };
  });
  const rows = objects.map((object) => rowText(resource, columns, object, options));
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${options.version}","metadata":${JSON.stringify(
    options.metadata,
  )},"columnDefinitions":${options.headers === false ? "[]" : JSON.stringify(definitions)},"rows":[${rows.join(",")}]}`;
}

function rowText(
  resource: Resource,
  columns: readonly Column[],
  object: KubeObject,
  { include, now, version }: { include: IncludeObject; now: Date; version: string },
): string {
  const cells = JSON.stringify(columns.map((column) => column.cell(object, now)));
  const conditions = resource.resource === "pods" ? podRowConditions(object) : undefined;
  const conditionText = conditions === undefined ? "" : `,"conditions":${JSON.stringify(conditions)}`;
  if (include === "None") return `{"cells":${cells}${conditionText},"object":null}`;
  const shown = include === "Object" ? jsonText(object) : partialMetadataText(object, version);
  return `{"cells":${cells}${conditionText},"object":${shown}}`;
}

const partials = new WeakMap<KubeObject, string>();

/** The object's metadata alone, as a PartialObjectMetadata. */
export function partialMetadataText(object: KubeObject, version: string): string {
  let metadata = partials.get(object);
  if (metadata === undefined) {
    metadata = JSON.stringify(object.metadata);
    partials.set(object, metadata);
  }
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${metadata}}`;
}
