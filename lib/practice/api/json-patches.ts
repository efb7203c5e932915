/** JSON patches (RFC 6902) and merge patches (RFC 7386) as kube-apiserver applies them. */
import jsonPatch, { type Operation } from "fast-json-patch";
import { isMap } from "../fields.ts";
import { badRequest, failure, StoreError } from "../status.ts";

/** The document after a JSON patch. Throws 400 for what is no patch, 422 for one that cannot be applied or whose test fails. */
export function applyJsonPatch(document: object, patch: unknown): object {
  if (!Array.isArray(patch))
    throw badRequest("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  try {
    return jsonPatch.applyPatch(document, patch as Operation[], true, false).newDocument;
  } catch {
    // The server keeps the cause to itself (errors.NewGenericServerResponse with code 422).
    throw new StoreError(failure(422, "the server rejected our request due to an error in our request", "Invalid", {}));
  }
}

/** The document after a merge patch: null removes, objects merge, everything else replaces. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(document) ? { ...document } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = applyMergePatch(result[field], value);
  }
  return result;
}
