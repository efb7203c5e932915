/** Tables of custom resources from their definition's additionalPrinterColumns (apiextensions-apiserver tableconvertor). */
import type { PrinterColumn } from "../../resource.ts";
import type { KubeObject } from "../../store.ts";
import { ageColumn, type Cell, type Column, nameColumn, since } from "./column.ts";

/** The columns of a custom resource: its name, then those of its definition, or its age when there are none. */
export function customColumns(columns: readonly PrinterColumn[]): readonly Column[] {
  if (columns.length === 0) return [nameColumn, ageColumn];
  return [nameColumn, ...columns.map(customColumn)];
}

function customColumn({ name, type, jsonPath, format = "", priority = 0 }: PrinterColumn): Column {
  const read = compileJsonPath(jsonPath);
  return {
    name,
    type,
    format,
    priority,
    cell: (object, now) => cellOf(read(object), type, now),
  };
}

function cellOf(value: unknown, type: string, now: Date): Cell {
  if (value === undefined || value === null) return null;
  if (type === "date") return typeof value === "string" ? since(value, now) : "<invalid>";
  if (type === "integer" || type === "number") return typeof value === "number" ? value : null;
  if (type === "boolean") return typeof value === "boolean" ? value : null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

type Step = (value: unknown) => unknown;

/**
 * Reads the part of Kubernetes' JSONPath that a definition may use: `.field`, `['field']`, `.field\.with\.dots`, `[0]` and
 * `[?(@.type=='Ready')]`, of which the first match counts.
 */
export function compileJsonPath(path: string): (object: KubeObject) => unknown {
  const steps: Step[] = [];
  const token = /\.((?:\\.|[^.[\]\\])+)|\['([^']+)'\]|\[(-?\d+)\]|\[\?\(@\.([\w.]+)\s*==\s*['"]([^'"]*)['"]\)\]/gy;
  for (let found = token.exec(path); found !== null; found = token.exec(path)) {
    const [, field, quoted, index, key = "", wanted] = found;
    if (field !== undefined) steps.push(member(field.replaceAll("\\", "")));
    else if (quoted !== undefined) steps.push(member(quoted));
    else if (index !== undefined) steps.push((value) => (Array.isArray(value) ? value.at(Number(index)) : undefined));
    else steps.push((value) => (Array.isArray(value) ? value.find((item) => deep(item, key) === wanted) : undefined));
  }
  return (object) => steps.reduce<unknown>((value, step) => step(value), object);
}

function member(name: string): Step {
  return (value) =>
    typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function deep(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((part, name) => member(name)(part), value);
}
