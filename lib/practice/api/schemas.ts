/** JSON schemas of the built-in kinds, with the marks that tell kubectl how their lists merge, and the check for unknown fields. */
import { isMap } from "../fields.ts";
import type { Resource } from "../resource.ts";
import { fieldShape, type Shape, shapeOf } from "../shapes.ts";
import { kubernetesTypes } from "./kubernetes-types.ts";

type Schema = Record<string, unknown>;

const parsed = new Map<string, ReadonlyMap<string, string>>();

/** The fields of a type with their types; undefined for scalars and unknown types. */
function fieldsOfType(name: string): ReadonlyMap<string, string> | undefined {
  const text = kubernetesTypes[name];
  if (text === undefined) return undefined;
  let fields = parsed.get(name);
  if (fields === undefined) {
    const pairs = text.split(" ").filter((pair) => pair !== "");
    fields = new Map(pairs.map((pair) => pair.split(":") as [string, string]));
    parsed.set(name, fields);
  }
  return fields;
}

/** The type of a resource's objects; undefined for custom resources. */
export function rootType({ custom, group, kind }: Resource): string | undefined {
  if (custom === true) return undefined;
  if (kind === "Event") return group === "" ? "CoreV1Event" : "EventsV1Event";
  return `V1${kind}`;
}

/** The component schemas that a resource's objects need, by name; adds them to `components`. Returns the name of the object's own. */
export function addSchemas(resource: Resource, components: Record<string, Schema>): string | undefined {
  const root = rootType(resource);
  if (root === undefined || kubernetesTypes[root] === undefined) return undefined;
  addType(root, shapeOf(resource.storedAs ?? resource), components);
  return schemaName(root);
}

/** `V1PodSpec` as `io.k8s.api.v1.PodSpec`, `CoreV1Event` as `io.k8s.api.core.v1.Event`. */
function schemaName(type: string): string {
  const [, group = "", name = type] = /^(.*?)V1(.+)$/.exec(type) ?? [];
  return `io.k8s.api.${group === "" ? "" : `${group.toLowerCase()}.`}v1.${name}`;
}

function addType(type: string, shape: Shape | undefined, components: Record<string, Schema>): void {
  const fields = fieldsOfType(type);
  const name = schemaName(type);
  const present = components[name];
  // A type reached before by a path that says nothing on its lists is looked at again for one that does.
  if (fields === undefined || (present !== undefined && shape === undefined)) return;
  const properties: Record<string, Schema> = (present?.properties as Record<string, Schema>) ?? {};
  components[name] = { type: "object", properties };
  for (const [field, fieldType] of fields) {
    const below = fieldShape(shape, field);
    properties[field] = { ...schemaOf(fieldType), ...mergeMarks(below) };
    const base = fieldType.replace(/(\[\]|\{\})+$/, "");
    const next = fieldType === base ? below : below?.item;
    if (base !== type) addType(base, next, components);
  }
}

function schemaOf(type: string): Schema {
  if (type.endsWith("[]")) return { type: "array", items: schemaOf(type.slice(0, -2)) };
  if (type.endsWith("{}")) return { type: "object", additionalProperties: schemaOf(type.slice(0, -2)) };
  if (type === "time") return { type: "string", format: "date-time" };
  if (type === "int-or-string") return { oneOf: [{ type: "integer" }, { type: "string" }], format: "int-or-string" };
  if (type === "any") return { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  if (kubernetesTypes[type] === undefined) return { type };
  return { allOf: [{ $ref: `#/components/schemas/${schemaName(type)}` }], default: {} };
}

function mergeMarks(shape: Shape | undefined): Schema {
  if (shape === undefined) return {};
  const strategy = [
    ...(shape.mergeKey !== undefined || shape.set === true ? ["merge"] : []),
    ...(shape.retainKeys === true ? ["retainKeys"] : []),
  ];
  return {
    ...(shape.mergeKey === undefined ? {} : { "x-kubernetes-patch-merge-key": shape.mergeKey }),
    ...(strategy.length === 0 ? {} : { "x-kubernetes-patch-strategy": strategy.join(",") }),
    ...(shape.keys === undefined ? {} : { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": shape.keys }),
    ...(shape.set === true ? { "x-kubernetes-list-type": "set" } : {}),
    ...(shape.atomic === true ? { "x-kubernetes-map-type": "atomic" } : {}),
  };
}

/** The paths of fields that the kind does not have, as the server names them: `spec.containers[0].imagee`. */
export function unknownFields(resource: Resource, object: object): string[] {
  const root = rootType(resource);
  const found: string[] = [];
  if (root !== undefined) collectUnknown(object, root, "", found);
  return found;
}

function collectUnknown(value: unknown, type: string, path: string, found: string[]): void {
  if (type.endsWith("[]")) {
    if (!Array.isArray(value)) return;
    for (const [index, item] of value.entries()) collectUnknown(item, type.slice(0, -2), `${path}[${index}]`, found);
    return;
  }
  if (!isMap(value)) return;
  if (type.endsWith("{}")) {
    for (const [key, item] of Object.entries(value)) collectUnknown(item, type.slice(0, -2), `${path}.${key}`, found);
    return;
  }
  const fields = fieldsOfType(type);
  if (fields === undefined) return;
  for (const [field, child] of Object.entries(value)) {
    const below = path === "" ? field : `${path}.${field}`;
    const childType = fields.get(field);
    if (childType === undefined) found.push(below);
    else collectUnknown(child, childType, below, found);
  }
}
