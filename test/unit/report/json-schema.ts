/**
 * As much of JSON Schema as docs/schema.json uses, and stricter than it: a field that the schema does not declare is an error here,
 * because an interface that nobody wrote down is none.
 */
import { readFileSync } from "node:fs";

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly format?: string;
}

/** docs/schema.json. */
export const machineSchema = JSON.parse(
  readFileSync(new URL("../../../docs/schema.json", import.meta.url), "utf8"),
) as Schema;

/** What is wrong with `value`; an empty list when it fits. */
export function violations(root: Schema, value: unknown): string[] {
  return check(root, value, root, "$");
}

function check(schema: Schema, value: unknown, root: Schema, path: string): string[] {
  if (schema.$ref !== undefined) return check(definition(schema.$ref, root), value, root, path);
  if (schema.oneOf !== undefined) {
    const attempts = schema.oneOf.map((option) => check(option, value, root, path));
    const fitting = attempts.filter((attempt) => attempt.length === 0).length;
    return fitting === 1 ? [] : [`${path}: fits ${fitting} of the alternatives`, ...attempts.flat()];
  }
  if (schema.allOf !== undefined) return check(merged(schema.allOf, root), value, root, path);
  if ("const" in schema && value !== schema.const) return [`${path}: is not ${JSON.stringify(schema.const)}`];
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${path}: ${JSON.stringify(value)} is not declared`];
  if (schema.type !== undefined && !hasType(value, schema.type)) return [`${path}: is no ${schema.type}`];
  if (schema.format === "date-time" && Number.isNaN(Date.parse(String(value)))) return [`${path}: is no time`];
  if (schema.type === "array") {
    const items = schema.items ?? {};
    return (value as unknown[]).flatMap((item, at) => check(items, item, root, `${path}[${at}]`));
  }
  if (schema.type === "object") return checkObject(schema, value as Record<string, unknown>, root, path);
  return [];
}

function checkObject(schema: Schema, value: Record<string, unknown>, root: Schema, path: string): string[] {
  const missing = (schema.required ?? []).filter((name) => value[name] === undefined);
  return [
    ...missing.map((name) => `${path}.${name}: is missing`),
    ...Object.entries(value).flatMap(([name, field]) => {
      if (field === undefined) return [];
      const declared = schema.properties?.[name];
      return declared === undefined
        ? [`${path}.${name}: is not declared`]
        : check(declared, field, root, `${path}.${name}`);
    }),
  ];
}

function hasType(value: unknown, type: string): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function definition(reference: string, root: Schema): Schema {
  const found = root.$defs?.[reference.replace("#/$defs/", "")];
  if (found === undefined) throw new Error(`the schema has no ${reference}`);
  return found;
}

function merged(parts: readonly Schema[], root: Schema): Schema {
  const schemas = parts.map((part) => (part.$ref === undefined ? part : definition(part.$ref, root)));
  return {
    type: "object",
    required: schemas.flatMap((schema) => schema.required ?? []),
    properties: Object.assign({}, ...schemas.map((schema) => schema.properties ?? {})),
  };
}
