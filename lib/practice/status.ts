/** Errors of the practice API server: Kubernetes Status objects with kube-apiserver's reasons, codes and wording. */

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface KubeStatus {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Record<string, unknown>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** A refusal by the store or the API; `status` is what the client receives. */
export class StoreError extends Error {
  readonly status: KubeStatus;

  constructor(status: KubeStatus) {
    super(status.message ?? status.reason ?? String(status.code));
    this.name = "StoreError";
    this.status = status;
  }
}

/** A failure Status; `reason` and `details` are left out when not given, as Go's `omitempty` does. */
export function failure(code: number, message: string, reason?: string, details?: StatusDetails): KubeStatus {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
}

interface Named {
  readonly group: string;
  readonly resource: string;
}

/** `pods`, `virtualmachines.kubevirt.io`: Go's GroupResource.String(). */
export function groupResource({ group, resource }: Named): string {
  return group === "" ? resource : `${resource}.${group}`;
}

function about({ group, resource }: Named, name: string): StatusDetails {
  return { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource };
}

// The wording follows k8s.io/apimachinery/pkg/api/errors/errors.go.

/** There is no object of that name, or no such kind. */
export function notFound(key: Named, name: string): StoreError {
  return new StoreError(failure(404, `${groupResource(key)} "${name}" not found`, "NotFound", about(key, name)));
}

/** The name is taken. */
export function alreadyExists(key: Named, name: string): StoreError {
  const message = `${groupResource(key)} "${name}" already exists`;
  return new StoreError(failure(409, message, "AlreadyExists", about(key, name)));
}

/** The object is not the one, or not as, the request assumes. */
export function conflict(key: Named, name: string, why: string): StoreError {
  const message = `Operation cannot be fulfilled on ${groupResource(key)} "${name}": ${why}`;
  return new StoreError(failure(409, message, "Conflict", about(key, name)));
}

export const modifiedMeanwhile =
  "the object has been modified; please apply your changes to the latest version and try again";

/** What cannot be read. */
export function badRequest(message: string): StoreError {
  return new StoreError(failure(400, message, "BadRequest"));
}

/** A fault of the server, or of a webhook that it needs. */
export function internalError(message: string): StoreError {
  const details = { causes: [{ message }] };
  return new StoreError(failure(500, `Internal error occurred: ${message}`, "InternalError", details));
}

/** A resourceVersion, or a continue token, that is too old. */
export function expired(message: string): StoreError {
  return new StoreError(failure(410, message, "Expired"));
}

/** The answer to an object that fails validation; each cause is one field error in Go's wording. */
export function invalid(kind: { group: string; kind: string }, name: string, causes: StatusCause[]): StoreError {
  const text = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const joined = text.length === 1 ? text[0] : `[${text.join(", ")}]`;
  const qualified = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  const details = { name, ...(kind.group === "" ? {} : { group: kind.group }), kind: kind.kind, causes };
  return new StoreError(failure(422, `${qualified} "${name}" is invalid: ${joined}`, "Invalid", details));
}
