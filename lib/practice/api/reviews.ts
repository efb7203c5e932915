/** Questions about oneself and others: SelfSubjectReview, the access reviews and the rules review (kubernetes pkg/registry/authorization). */
import { rfc3339 } from "../clock.ts";
import { badRequest } from "../status.ts";
import { type Attributes, isAllowed, type PolicyRule, rulesFor } from "./authorization.ts";
import { readBody } from "./body.ts";
import type { ApiContext, Call, Reply, UserInfo } from "./call.ts";

interface AccessReviewSpec {
  readonly user?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Record<string, string[]>;
  readonly resourceAttributes?: Partial<Attributes>;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly namespace?: string;
}

interface Review {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: object;
  readonly spec?: AccessReviewSpec;
}

type Reviewer = (context: ApiContext, call: Call, spec: AccessReviewSpec) => object;

const reviewers: Readonly<Record<string, { kind: string; namespaced?: true; review: Reviewer }>> = {
  selfsubjectaccessreviews: {
    kind: "SelfSubjectAccessReview",
    review: (context, call, spec) => decision(context, call.user, spec),
  },
  subjectaccessreviews: {
    kind: "SubjectAccessReview",
    review: (context, _call, spec) => decision(context, subjectOf(spec), spec),
  },
  localsubjectaccessreviews: {
    kind: "LocalSubjectAccessReview",
    namespaced: true,
    review: (context, _call, spec) => decision(context, subjectOf(spec), spec),
  },
  selfsubjectrulesreviews: {
    kind: "SelfSubjectRulesReview",
    review: ({ store }, call, { namespace = "" }) => {
      if (namespace === "") throw badRequest("no namespace on request");
      return rulesStatus([...rulesFor(store, call.user, namespace)]);
    },
  },
  selfsubjectreviews: {
    kind: "SelfSubjectReview",
    review: (_context, { user: { name, uid, groups, extra } }) => ({
      userInfo: { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) },
    }),
  },
};

/** The review resources, for discovery. */
export const reviewResources = [
  ...["localsubjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"].map(
    (resource) => ({ group: "authorization.k8s.io", resource, ...describe(resource) }),
  ),
  { group: "authentication.k8s.io", resource: "selfsubjectreviews", ...describe("selfsubjectreviews") },
] as const;

function describe(resource: string): { kind: string; namespaced: boolean } {
  const { kind = "", namespaced = false } = reviewers[resource] ?? {};
  return { kind, namespaced };
}

/** The answer to a POST of a review; undefined when the path is none of them. */
export function review(context: ApiContext, call: Call): Reply | undefined {
  const { resource, verb, group, namespace } = call.info;
  const reviewer = reviewers[resource];
  if (reviewer === undefined || !(group === "authorization.k8s.io" || group === "authentication.k8s.io"))
    return undefined;
  if (verb !== "create") return undefined;
  const { spec = {}, metadata = {} } = (readBody(call) ?? {}) as Review;
  const full = namespace === "" ? spec : { ...spec, resourceAttributes: { ...spec.resourceAttributes, namespace } };
  const status = reviewer.review(context, call, full);
  const answered = resource === "selfsubjectreviews";
  const creationTimestamp = answered ? rfc3339(context.clock.now()) : null;
  const value = {
    kind: reviewer.kind,
    apiVersion: `${group}/v1`,
    metadata: { ...metadata, creationTimestamp },
    ...(answered ? {} : { spec }),
    status,
  };
  return { status: 201, value };
}

function decision({ store }: ApiContext, user: UserInfo, spec: AccessReviewSpec): object {
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec;
  if ((asked === undefined) === (path === undefined)) {
    throw badRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  const none = { verb: "", group: "", version: "", namespace: "", resource: "", subresource: "", name: "" };
  const attributes: Attributes =
    path === undefined ? { ...none, ...asked } : { ...none, verb: path.verb ?? "", path: path.path ?? "" };
  return isAllowed(store, user, attributes) ? { allowed: true, reason: "" } : { allowed: false };
}

function subjectOf({ user = "", uid, groups = [], extra }: AccessReviewSpec): UserInfo {
  return { name: user, groups, ...(uid && { uid }), ...(extra && { extra }) };
}

function rulesStatus(rules: readonly PolicyRule[]): object {
  return {
    resourceRules: rules.filter(({ resources = [] }) => resources.length > 0),
    nonResourceRules: rules.filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0),
    incomplete: false,
  };
}
