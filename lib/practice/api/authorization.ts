/** What a user may do: RBAC over the roles and bindings in the store (kubernetes plugin/pkg/auth/authorizer/rbac). */
import { failure, groupResource, StoreError } from "../status.ts";
import type { KubeObject, ResourceKey, Store } from "../store.ts";
import type { RequestInfo, ResourceRequest, UserInfo } from "./call.ts";

export interface Attributes extends ResourceRequest {
  /** Set for requests that are not about a resource. */
  readonly path?: string;
}

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

const rbac = "rbac.authorization.k8s.io";
const clusterRoles: ResourceKey = { group: rbac, resource: "clusterroles" };
const clusterRoleBindings: ResourceKey = { group: rbac, resource: "clusterrolebindings" };
const roles: ResourceKey = { group: rbac, resource: "roles" };
const roleBindings: ResourceKey = { group: rbac, resource: "rolebindings" };

/** The attributes of a request. */
export function attributesOf(info: RequestInfo): Attributes {
  const { verb, group, version, namespace, resource, subresource, name, isResource, path } = info;
  return { verb, group, version, namespace, resource, subresource, name, ...(isResource ? {} : { path }) };
}

/** True when RBAC allows it; the group system:masters may everything. */
export function isAllowed(store: Store, user: UserInfo, attributes: Attributes): boolean {
  if (user.groups.includes("system:masters")) return true;
  for (const rule of rulesFor(store, user, attributes.namespace)) {
    if (ruleAllows(rule, attributes)) return true;
  }
  return false;
}

/** Every rule that applies to the user in a namespace ("" for the cluster scope only). */
export function* rulesFor(store: Store, user: UserInfo, namespace: string): Generator<PolicyRule> {
  for (const binding of store.list(clusterRoleBindings)) {
    if (isSubject(binding, user, "")) yield* rulesOf(store.get(clusterRoles, undefined, binding.roleRef.name));
  }
  if (namespace === "") return;
  for (const binding of store.list(roleBindings, namespace)) {
    if (!isSubject(binding, user, namespace)) continue;
    const { kind, name } = binding.roleRef;
    yield* rulesOf(kind === "Role" ? store.get(roles, namespace, name) : store.get(clusterRoles, undefined, name));
  }
}

/** The 403 of kube-apiserver for this user and these attributes (apiserver handlers/responsewriters/errors.go). */
export function forbidden(user: UserInfo, attributes: Attributes): StoreError {
  const { group, resource, name } = attributes;
  if (attributes.path !== undefined) {
    const message = `forbidden: ${forbiddenMessage(user, attributes)}`;
    return new StoreError(failure(403, message, "Forbidden", {}));
  }
  const subject = name === "" ? groupResource(attributes) : `${groupResource(attributes)} "${name}"`;
  const details = { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource };
  return new StoreError(
    failure(403, `${subject} is forbidden: ${forbiddenMessage(user, attributes)}`, "Forbidden", details),
  );
}

function forbiddenMessage(user: UserInfo, attributes: Attributes): string {
  const { verb, group, namespace, path } = attributes;
  const text =
    path === undefined
      ? `User "${user.name}" cannot ${verb} resource "${fullResource(attributes)}" in API group "${group}" ${
          namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`
        }`
      : `User "${user.name}" cannot ${verb} path "${path}"`;
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function fullResource({ resource, subresource }: Attributes): string {
  return subresource === "" ? resource : `${resource}/${subresource}`;
}

function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  const { path } = attributes;
  if (path !== undefined) {
    return (rule.nonResourceURLs ?? []).some((url) => url === "*" || url === path || matchesPrefix(url, path));
  }
  if (!has(rule.apiGroups, attributes.group) || !allowsResource(rule, attributes)) return false;
  return (rule.resourceNames ?? []).length === 0 || (rule.resourceNames ?? []).includes(attributes.name);
}

function allowsResource(rule: PolicyRule, attributes: Attributes): boolean {
  const wanted = fullResource(attributes);
  return (rule.resources ?? []).some(
    (resource) =>
      resource === "*" ||
      resource === wanted ||
      (attributes.subresource !== "" && resource === `*/${attributes.subresource}`),
  );
}

function matchesPrefix(url: string, path: string): boolean {
  return url.endsWith("*") && path.startsWith(url.slice(0, -1));
}

function has(list: readonly string[] | undefined, wanted: string): boolean {
  return list !== undefined && (list.includes("*") || list.includes(wanted));
}

function rulesOf(role: KubeObject | undefined): readonly PolicyRule[] {
  return role?.rules ?? [];
}

function isSubject(binding: KubeObject, user: UserInfo, namespace: string): boolean {
  const subjects: readonly { kind: string; name: string; namespace?: string }[] = binding.subjects ?? [];
  return subjects.some((subject) => {
    if (subject.kind === "User") return user.name === subject.name;
    if (subject.kind === "Group") return user.groups.includes(subject.name);
    const home = subject.namespace ?? namespace;
    return subject.kind === "ServiceAccount" && user.name === `system:serviceaccount:${home}:${subject.name}`;
  });
}
