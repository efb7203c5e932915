/** Cures carry the flags that say which cluster is meant. */
import { describe, expect, test } from "vitest";
import { addressed } from "../../../lib/assess/addressed.ts";
import { assess } from "../../../lib/assess/check.ts";
import { factsWith } from "../../builders/facts.ts";
import { aRunningVm } from "../../builders/kubevirt.ts";

describe("a command that is advised", () => {
  test.each([
    ["virtctl stop web -n prod", "virtctl stop web -n prod --context=blue"],
    ["kubectl get vmi a -n b -o yaml > a.yaml", "kubectl get vmi a -n b -o yaml --context=blue > a.yaml"],
    [
      `echo '{"a":"b"}' | kubectl replace --raw /apis/x -f -`,
      `echo '{"a":"b"}' | kubectl replace --raw /apis/x -f - --context=blue`,
    ],
    ["ask the owner", "ask the owner"],
  ])("%s", (command, expected) => {
    expect(addressed(command, "--context=blue")).toBe(expected);
  });

  test("is left as it is where no flag was given", () => {
    expect(addressed("virtctl stop web", "")).toBe("virtctl stop web");
  });
});

test("the cures of a check reach the cluster that was checked", () => {
  const facts = factsWith([aRunningVm("db", { migratable: "False", migratableReason: "DisksNotLiveMigratable" })]);
  const check = assess(facts, { waived: new Set(), commandFlags: "--context=blue" });
  expect(check.nodes[0]?.vms[0]?.findings[0]?.fix).toBe("virtctl stop db -n prod --context=blue");
});
