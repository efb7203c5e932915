/** Writes lib/practice/api/kubernetes-types.ts from the client library's models: `node test/kubernetes-types.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { builtinResources } from "../lib/practice/builtin-resources.ts";

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

const models = join(dirname(createRequire(import.meta.url).resolve("@kubernetes/client-node")), "gen/models");

const scalars: Readonly<Record<string, string>> = {
  string: "string",
  boolean: "boolean",
  number: "integer",
  Date: "time",
  V1MicroTime: "time",
  IntOrString: "int-or-string",
  any: "any",
  object: "any",
};

/** As in kubernetes-types.ts: `string`, `V1Container[]`, `string{}`. */
function shortType(type: string): string {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list !== undefined) return `${shortType(list)}[]`;
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map !== undefined) return `${shortType(map)}{}`;
  return scalars[type] ?? type;
}

async function attributesOf(name: string): Promise<readonly Attribute[]> {
  const module = (await import(pathToFileURL(join(models, `${name}.js`)).href)) as Record<
    string,
    { attributeTypeMap: Attribute[] }
  >;
  return module[name]?.attributeTypeMap ?? [];
}

function rootType({ group, kind }: { group: string; kind: string }): string {
  if (kind === "Event") return group === "" ? "CoreV1Event" : "EventsV1Event";
  return `V1${kind}`;
}

/** All types that the served built-in kinds are made of, with their fields as text. */
export async function kubernetesTypesOfClient(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const open = builtinResources.map(rootType);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    const fields = (await attributesOf(name)).map(({ baseName, type }) => [baseName, shortType(type)] as const);
    found.set(name, fields.map(([field, type]) => `${field}:${type}`).join(" "));
    for (const [, type] of fields) {
      const base = type.replace(/(\[\]|\{\})+$/, "");
      if (/^[A-Z]/.test(base)) open.push(base);
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The Kubernetes release from which the models were made. */
export function releaseOfClient(): string {
  return /OpenAPI spec version: (\S+)/.exec(readFileSync(join(models, "V1Pod.js"), "utf8"))?.[1] ?? "";
}

async function write(): Promise<void> {
  const lines = [...(await kubernetesTypesOfClient())].map(([name, fields]) => {
    const line = `  ${name}: "${fields}",`;
    return line.length <= 120 ? line : line.replace(": ", ":\n    ");
  });
  const text = `/**
 * The fields of Kubernetes' types, one type a line: \`name:type\`, with \`[]\` for lists and \`{}\` for maps. Written from the client
 * library by test/kubernetes-types.ts.
 */
export const kubernetesTypes: Readonly<Record<string, string>> = {
${lines.join("\n")}
};
`;
  const root = join(dirname(fileURLToPath(import.meta.url)), "..");
  writeFileSync(join(root, "lib/practice/api/kubernetes-types.ts"), text);
}

if (import.meta.main) await write();
