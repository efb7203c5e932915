/** The roles in docs/rbac say what the program asks for; rewritten by `vitest run … -u`. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { load as parse } from "js-yaml";
import { describe, expect, test } from "vitest";
import { commands } from "../../../cmd/commands.ts";
import { takesConnection } from "../../../cmd/help.ts";
import { holderKinds, machineKinds } from "../../../lib/observe/holder-kinds.ts";
import { resourceTypes } from "../../../lib/observe/resource-types.ts";
import { commandsOf, type Right, type Role, rightsOf } from "../../../lib/platform/rights.ts";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../docs/rbac");
const roles = Object.keys(rightsOf) as Role[];

const titles: Readonly<Record<Role, string>> = {
  look: `For whoever looks: ${named("look")}. Writes nothing.`,
  drain: `For whoever takes nodes out of service and gives them back: ${named("drain")}, and all that looks.`,
  recover: `For whoever brings back the VMs of crashed nodes: ${named("recover")}, and all that looks.`,
};

function named(role: Role): string {
  return commandsOf[role].join(", ");
}

function manifest(role: Role): string {
  return [
    `# ${titles[role]}`,
    "# kubectl apply -f this file, and then, for a user or a group:",
    `#   kubectl create clusterrolebinding vmnode-${role} --clusterrole=kubectl-vmnode-${role} --user=NAME`,
    "# Made from lib/platform/rights.ts.",
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: ClusterRole",
    "metadata:",
    `  name: kubectl-vmnode-${role}`,
    "rules:",
    ...rightsOf[role].flatMap(rule),
    "",
  ].join("\n");
}

function rule({ group, resource, verbs, purpose, where }: Right): string[] {
  const remark = where === "served" ? `${purpose} (where installed)` : purpose;
  return [`# ${remark}`, `- apiGroups: ["${group}"]`, `  resources: [${resource}]`, `  verbs: [${verbs.join(", ")}]`];
}

test.each(roles)("docs/rbac/%s.yaml is what the program asks for", async (role) => {
  await expect(manifest(role)).toMatchFileSnapshot(path.join(folder, `${role}.yaml`));
  expect((parse(manifest(role)) as { rules: unknown[] }).rules).toHaveLength(rightsOf[role].length);
});

test("every command that asks a cluster belongs to a role, but doctor, which tells of them", () => {
  const asking = [...commands.values()].map(({ definition }) => definition).filter(takesConnection);
  const served = new Set(roles.flatMap((role) => commandsOf[role]));
  expect(asking.map(({ name }) => name).filter((name) => !served.has(name))).toEqual(["doctor"]);
  expect([...served].filter((name) => !commands.has(name))).toEqual([]);
});

describe("no role has more than it is for", () => {
  const writes = (role: Role) =>
    rightsOf[role].flatMap(({ group, resource, verbs }) =>
      verbs.filter((verb) => !["get", "list", "watch"].includes(verb)).map((verb) => `${verb} ${resource}.${group}`),
    );

  test("who looks writes nothing", () => {
    expect(writes("look")).toEqual([]);
  });

  test("who drains deletes no pod and no attachment", () => {
    expect(writes("drain")).toEqual([
      "patch nodes.",
      "delete virtualmachineinstancemigrations.kubevirt.io",
      "create pods/eviction.",
      "update virtualmachineinstances/evacuate.subresources.kubevirt.io",
      "update virtualmachineinstances/evacuate/cancel.subresources.kubevirt.io",
    ]);
  });

  test("who recovers evicts nobody", () => {
    expect(writes("recover")).toEqual([
      "patch nodes.",
      "delete pods.",
      "delete virtualmachineinstancemigrations.kubevirt.io",
      "delete volumeattachments.storage.k8s.io",
      "create events.",
    ]);
  });

  test("nobody may read secrets, or has a wildcard", () => {
    const all = roles.flatMap((role) => rightsOf[role]);
    expect(all.filter(({ group, resource }) => `${group}${resource}`.includes("*") || resource === "secrets")).toEqual(
      [],
    );
  });
});

test("every kind that is read can be allowed", () => {
  const allowed = new Set(roles.flatMap((role) => rightsOf[role].map(({ group, resource }) => `${group}/${resource}`)));
  const { accessReviews, userReviews, ...read } = resourceTypes;
  // Every authenticated user may ask for these (the default role system:basic-user).
  expect([accessReviews, userReviews].map(({ plural }) => plural)).toEqual([
    "selfsubjectaccessreviews",
    "selfsubjectreviews",
  ]);
  const types = [
    ...Object.values(read),
    ...holderKinds.map(({ type }) => type),
    ...machineKinds.map(({ type }) => type),
  ];
  expect(types.map(({ group, plural }) => `${group}/${plural}`).filter((type) => !allowed.has(type))).toEqual([]);
});
