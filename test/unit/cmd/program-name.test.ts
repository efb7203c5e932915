/** The program speaks of itself as the user started it. */
import { expect, test } from "vitest";
import { programName } from "../../../cmd/program-name.ts";

test.each([
  ["/root/.krew/bin/kubectl-vmnode", {}, "kubectl vmnode"],
  ["kubectl-vmnode", { KUBECTL_PATH: "/usr/bin/kubectl" }, "kubectl vmnode"],
  ["/root/.krew/bin/kubectl-vmnode", { KUBECTL_PATH: "/usr/bin/oc" }, "oc vmnode"],
  ["C:\\krew\\bin\\kubectl-vmnode.exe", { KUBECTL_PATH: "C:\\tools\\oc.exe" }, "oc vmnode"],
  ["/usr/local/bin/oc-vmnode", {}, "oc vmnode"],
  ["/srv/oc-tools/kubectl-vmnode", {}, "kubectl vmnode"],
  ["cmd/main.ts", {}, "kubectl vmnode"],
  ["", {}, "kubectl vmnode"],
])("%s with %j is %s", (startedAs, env, expected) => {
  expect(programName(startedAs, env)).toBe(expected);
});
