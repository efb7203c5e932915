/** The seam through which KubeVirt's webhooks see, change and refuse writes before they are stored. */
import type { KubeObject, ResourceKey } from "../store.ts";

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly key: ResourceKey;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly object?: KubeObject | undefined;
  readonly oldObject?: KubeObject | undefined;
  readonly dryRun: boolean;
  readonly user: string;
  readonly groups: readonly string[];
}

export type AdmissionAnswer =
  /** Let through; `object` when the webhook changed it. */
  | { readonly allowed: true; readonly object?: KubeObject }
  /** Refused; the message already carries `admission webhook "…" denied the request: `. */
  | {
      readonly allowed: false;
      readonly code: number;
      readonly message: string;
      readonly reason?: string;
      readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
    }
  /** The webhook did not answer: with failurePolicy Fail the request ends as `failed calling webhook "…": …`. */
  | { readonly unreachable: true; readonly webhook: string; readonly detail: string };

export type Admission = (request: AdmissionRequest) => AdmissionAnswer;

/** A request to an aggregated API (subresources.kubevirt.io) as it reaches the API server behind it. */
export interface AggregatedRequest {
  readonly method: string;
  readonly version: string;
  readonly namespace?: string | undefined;
  readonly resource?: string | undefined;
  readonly name?: string | undefined;
  /** What follows the name: `["evacuate", "cancel"]`; without a resource, all that follows the version. */
  readonly path: readonly string[];
  /** The Accept header; empty when there was none. */
  readonly accept: string;
  readonly body: unknown;
  readonly dryRun: boolean;
  readonly user: string;
  readonly groups: readonly string[];
  /**
   * The API server behind asks again whether the user may do this to a subresource (a SubjectAccessReview on the joined path,
   * such as `evacuate/cancel`); the front has looked at its first element only.
   */
  readonly mayAlso: (subresource: string) => boolean;
}

export interface AggregatedAnswer {
  readonly status: number;
  /** JSON, or a text as it is. */
  readonly body?: unknown;
}

/**
 * The API server behind `subresources.kubevirt.io`; undefined while none of its endpoints is ready. A GET without resource and path
 * only asks whether one is.
 */
export type AggregatedApi = (request: AggregatedRequest) => AggregatedAnswer | undefined;
