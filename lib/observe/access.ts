/** Asks the API server who we are and what we may do. */
import type { RequestOptions, ResourceType } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import { requireSuccess } from "../kube/status.ts";
import { KubeError } from "../model/errors.ts";
import { objectOf } from "../model/json.ts";
import { text } from "./read-field.ts";
import { resourceTypes } from "./resource-types.ts";

export interface AccessQuestion {
  readonly verb: string;
  readonly type: ResourceType;
  readonly subresource?: string | undefined;
  /** All namespaces when absent. */
  readonly namespace?: string | undefined;
}

/** Whether the API server says that we may (SelfSubjectAccessReview). Throws KubeError when it does not say. */
export async function mayI(client: KubeClient, question: AccessQuestion, options?: RequestOptions): Promise<boolean> {
  const { verb, type, subresource, namespace } = question;
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: {
      resourceAttributes: {
        verb,
        group: type.group,
        version: type.version,
        resource: type.plural,
        subresource,
        namespace,
      },
    },
  };
  const answer = await client.create({ type: resourceTypes.accessReviews }, review, { ...options, patient: true });
  const { allowed } = objectOf(objectOf(requireSuccess(answer)).status);
  if (typeof allowed === "boolean") return allowed;
  // What stands between us and an API server may answer anything: that is not a no of the server's.
  const message = "the answer to an access review says neither yes nor no";
  throw new KubeError({ code: answer.status, reason: "", message, causes: [] });
}

/** Our name as the API server knows it (SelfSubjectReview, Kubernetes 1.28), else the one in the kubeconfig. */
export async function currentUser(client: KubeClient, options?: RequestOptions): Promise<string | undefined> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const answer = await client.create({ type: resourceTypes.userReviews }, review, { ...options, patient: true });
  const status = isSuccess(answer.status) ? objectOf(objectOf(answer.body).status) : {};
  return text(objectOf(status.userInfo).username) ?? client.connection.user;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
