/** In which form an answer is wanted: the Accept header (k8s.io/apiserver pkg/endpoints/handlers/negotiation). */
import { badRequest, failure, StoreError } from "../status.ts";
import type { Call } from "./call.ts";
import type { IncludeObject } from "./table.ts";

export interface Format {
  readonly as: "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  /** The version of meta.k8s.io for the transformed forms. */
  readonly version: string;
  readonly include: IncludeObject;
}

const plain: Format = { as: "object", version: "v1", include: "Metadata" };
const transformations = new Set(["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]);

/** The first form in the Accept header that this server can give. Throws 406 when there is none. */
export function negotiate(call: Call): Format {
  const accept = call.header("accept");
  if (accept === "") return plain;
  for (const clause of accept.split(",")) {
    const [type = "", ...parameters] = clause.split(";").map((part) => part.trim());
    if (type !== "application/json" && type !== "*/*" && type !== "application/*") continue;
    const values = new Map(parameters.map((parameter) => parameter.split("=") as [string, string]));
    const kind = values.get("as") ?? "";
    if (kind === "") return plain;
    if (!transformations.has(kind) || values.get("g") !== "meta.k8s.io") continue;
    const version = values.get("v") ?? "v1";
    if (version !== "v1" && version !== "v1beta1") continue;
    return { as: kind as Format["as"], version, include: includeObject(call) };
  }
  throw new StoreError(failure(406, "only the following media types are accepted: application/json", "NotAcceptable"));
}

function includeObject(call: Call): IncludeObject {
  const wanted = call.query.get("includeObject") ?? "";
  if (wanted === "") return "Metadata";
  if (wanted === "None" || wanted === "Metadata" || wanted === "Object") return wanted;
  throw badRequest(`unrecognized includeObject value: "${wanted}"`);
}
