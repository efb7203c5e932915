/** The screen of `doctor`. */
import { describe, expect, test } from "vitest";
import type { ClusterDiagnosis, Diagnosis } from "../../../lib/model/diagnosis.ts";
import { commandsOf, rightsOf } from "../../../lib/platform/rights.ts";
import { diagnosisLines } from "../../../lib/report/diagnosis.ts";
import { width } from "../../../lib/report/width.ts";

const cluster: ClusterDiagnosis = {
  kubernetes: "v1.36.2",
  kubevirt: "v1.9.0",
  kubevirtPhase: "Deployed",
  flavour: "upstream",
  apis: [
    { name: "kubevirt.io", state: "served", purpose: "" },
    { name: "subresources.kubevirt.io", state: "unavailable", purpose: "virt-api moves no VM" },
    { name: "evacuate/cancel", state: "absent", purpose: "" },
  ],
  clockAheadSeconds: -75,
  roles: [
    { role: "look", commands: ["list", "check"], missing: [], unknown: [] },
    {
      role: "drain",
      commands: ["drain", "abort", "uncordon"],
      missing: ["patch nodes", "create pods/eviction"],
      unknown: [],
    },
    { role: "recover", commands: ["recover"], missing: [], unknown: ["delete pods"] },
  ],
};

function diagnosis(more: Partial<Diagnosis> = {}): Diagnosis {
  return {
    client: { version: "v1.2.3", platform: "linux/amd64", runtime: "24.21.0", startedBy: "kubectl" },
    completion: { state: "missing", onPath: true },
    cluster,
    problems: [],
    ...more,
  };
}

test("everything is on one screen of 80 columns", () => {
  const lines = diagnosisLines(
    diagnosis({ problems: ["subresources.kubevirt.io does not answer: virt-api moves no VM"] }),
    { columns: 80 },
  );
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "Plugin        v1.2.3 linux/amd64, Node 24.21.0, started by kubectl
    Completion    not installed: kubectl vmnode completion install
    Kubernetes    v1.36.2
    KubeVirt      v1.9.0, Deployed, upstream
    APIs          served: kubevirt.io; does not answer: subresources.kubevirt.io;
                  absent: evacuate/cancel
    Clock         the API server's is 75 seconds behind
    Role look     yes (list, check)
    Role drain    incomplete (drain, abort, uncordon); missing: patch nodes; create
                  pods/eviction
    Role recover  unknown (recover): the server does not say for delete pods
    Roles: https://github.com/kubectl-vmnode/kubectl-vmnode/tree/main/docs/rbac

    Problem: subresources.kubevirt.io does not answer: virt-api moves no VM"
  `);
  expect(lines.length).toBeLessThan(24);
});

test.each([
  [80, "missing", rightsOf, {}],
  [80, "unknown", {}, rightsOf],
  [60, "missing", rightsOf, {}],
] as const)("it stays on one screen of %i columns when every right is %s", (columns, _what, missing, unknown) => {
  const roles = (["look", "drain", "recover"] as const).map((role) => ({
    role,
    commands: commandsOf[role],
    missing: namesOf(missing, role),
    unknown: namesOf(unknown, role),
  }));
  const problems = ["without the rights that the role look misses a check may stay uncertain"];
  const lines = diagnosisLines(diagnosis({ cluster: { ...cluster, roles }, problems }), { columns });
  expect(lines.length, lines.join("\n")).toBeLessThan(24);
  // An address that is broken cannot be followed.
  const texts = lines.filter((line) => !line.includes("https://"));
  expect(Math.max(...texts.map(width))).toBeLessThanOrEqual(columns);
  expect(lines.join(" ").replace(/\s+/g, " ")).toMatch(/Role look .* \d+ more Role drain/);
});

function namesOf(rights: Partial<typeof rightsOf>, role: keyof typeof rightsOf): string[] {
  return (rights[role] ?? []).flatMap(({ group, resource, verbs }) =>
    verbs.map((verb) => `${verb} ${group === "" ? resource : `${resource}.${group}`}`),
  );
}

test("what the role look misses is not named again for the others, which need it as well", () => {
  const role = (name: string, ...missing: string[]) => ({ role: name, commands: [], missing, unknown: [] });
  const roles = [
    role("look", "list pods"),
    role("drain", "list pods", "watch pods", "patch nodes"),
    role("recover", "list pods"),
  ];
  expect(diagnosisLines(diagnosis({ cluster: { ...cluster, roles } })).filter((line) => /^Role /.test(line))).toEqual([
    "Role look     incomplete (); missing: list pods",
    "Role drain    incomplete (); missing: what look misses; watch pods; patch nodes",
    "Role recover  incomplete (); missing: what look misses",
  ]);
});

test("without a cluster it says what is known here", () => {
  const text = diagnosisLines(diagnosis({ cluster: undefined, problems: ["the API server does not answer"] })).join(
    "\n",
  );
  expect(text).toContain("Plugin        v1.2.3 linux/amd64");
  expect(text).toContain("Problem: the API server does not answer");
  expect(text).not.toContain("Role");
});

test("text of the cluster does not reach the terminal unfiltered", () => {
  const odd = { ...cluster, kubevirt: "v1\x1b[2J", kubernetes: "v1\r", kubevirtPhase: "a\nb" };
  expect(diagnosisLines(diagnosis({ cluster: odd, problems: ["\x1b]0;owned\x07"] })).join("")).not.toMatch(
    /[\x1b\r\n\x07]/,
  );
});

describe("a clock is", () => {
  test.each([
    [0, "as the API server's"],
    [-1, "as the API server's"],
    [40, "the API server's is 40 seconds ahead"],
    [-2, "the API server's is 2 seconds behind"],
    [undefined, "unknown"],
  ])("%s: %s", (clockAheadSeconds, text) => {
    expect(diagnosisLines(diagnosis({ cluster: { ...cluster, clockAheadSeconds } }))).toContain(
      `Clock         ${text}`,
    );
  });
});

describe("completion is", () => {
  test.each([
    ["installed", true, "installed"],
    ["installed", false, "installed in a folder that is not on the PATH"],
    ["stale", true, "leads nowhere, or to another version: kubectl vmnode completion install"],
    ["foreign", true, "not installed: a file that this plugin did not make is in its place"],
    ["shadowed", true, "another program of that name comes first on the PATH"],
    ["unknown", false, "only for the plugin as kubectl finds it on the PATH"],
  ] as const)("%s, on the path %s: %s", (state, onPath, text) => {
    expect(diagnosisLines(diagnosis({ completion: { state, onPath } }))).toContain(`Completion    ${text}`);
  });
});
