/** The `fieldValidation` parameter: what happens to fields that a kind does not have (apiserver pkg/endpoints/handlers/rest.go). */
import { isMap } from "../fields.ts";
import { badRequest, invalid } from "../status.ts";
import type { KubeObject } from "../store.ts";
import type { ResourceCall } from "./call.ts";
import { unknownFields } from "./schemas.ts";

/**
 * Drops unknown fields from the object, as decoding does. Throws 400 for them under Strict.
 * Returns the texts of the warnings that the default, Warn, sends.
 */
export function dropUnknownFields(call: ResourceCall, object: KubeObject): string[] {
  const unknown = unknownFields(call.resource, object);
  if (unknown.length === 0) return [];
  const problems = unknown.map((path) => `unknown field "${path}"`);
  const directive = call.query.get("fieldValidation") || "Warn";
  if (directive === "Strict") {
    const { kind } = call.resource;
    const version = call.info.version;
    const text = `strict decoding error: ${problems.join(", ")}`;
    if (call.info.verb === "patch" && !call.header("content-type").includes("apply-patch")) {
      const patch = `Invalid value: ${JSON.stringify(call.body.toString())}: ${text}`;
      throw invalid(call.resource, call.info.name, [{ reason: "FieldValueInvalid", message: patch, field: "patch" }]);
    }
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${text}`);
  }
  for (const path of unknown) remove(object, path);
  return directive === "Warn" ? problems : [];
}

/** The response headers that carry warnings (RFC 7234, code 299). */
export function warningHeaders(warnings: readonly string[]): Readonly<Record<string, string>> {
  if (warnings.length === 0) return {};
  return { Warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ") };
}

function remove(object: unknown, path: string): void {
  const steps = path.match(/[^.[\]]+/g) ?? [];
  const last = steps.pop() ?? "";
  let parent: unknown = object;
  for (const step of steps) {
    if (Array.isArray(parent)) parent = parent[Number(step)];
    else if (isMap(parent)) parent = parent[step];
  }
  if (isMap(parent)) delete parent[last];
}
