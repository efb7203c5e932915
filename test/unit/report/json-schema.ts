/**
 * What docs/schema.json says of a document or event. Held more strictly than readers are to hold it: a field that the schema does not
 * declare is a violation here, because an interface that nobody wrote down is none.
 */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

interface Schema {
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** docs/schema.json. */
export const machineSchema: Schema = JSON.parse(
  readFileSync(new URL("../../../docs/schema.json", import.meta.url), "utf8"),
);

const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: true });
formats.default(ajv);
const fits = ajv.compile(closed(machineSchema));

/** What is wrong with a document or event as it was parsed; an empty list when it fits. */
export function violations(value: unknown): string[] {
  if (fits(value)) return [];
  return (fits.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** The schema of a whole value, which may have no other fields. */
function closed(schema: Schema): Schema & { readonly unevaluatedProperties: false } {
  return { ...withClosedParts(schema), unevaluatedProperties: false };
}

/** Each of the values in it is whole; what `allOf` and `$defs` name may be a part of one, and is closed where it is used. */
function withClosedParts({ $defs, properties, items, oneOf, allOf, ...rest }: Schema): Schema {
  return {
    ...rest,
    ...($defs && { $defs: mapped($defs, withClosedParts) }),
    ...(properties && { properties: mapped(properties, closed) }),
    ...(items && { items: closed(items) }),
    ...(oneOf && { oneOf: oneOf.map(closed) }),
    ...(allOf && { allOf: allOf.map(withClosedParts) }),
  };
}

function mapped(schemas: Readonly<Record<string, Schema>>, change: (schema: Schema) => Schema): Record<string, Schema> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, change(schema)]));
}
