/** The warning before a node is given back whose host was never off. */
import { expect, test } from "vitest";
import { neverOffWarning } from "../../../lib/report/homecoming.ts";
import { at } from "../../builders/kubernetes.ts";

test("names the VMs that were started elsewhere, and not those that the loss did not concern", () => {
  const vms = [
    { namespace: "prod", name: "web", uid: "web" },
    { namespace: "prod", name: "moved", uid: "moved", unaffected: true as const },
  ];
  const record = { v: 1, kind: "recover", by: "ann", since: at(-60), cordonedByUs: true, taints: [], vms } as const;
  const lines = neverOffWarning("worker-1", record);
  expect(lines).toContain("  prod/web");
  expect(lines.join()).not.toContain("prod/moved");
  const nobody = neverOffWarning("worker-1", { ...record, vms: vms.slice(1) });
  expect(nobody.join()).not.toContain("may have run twice");
  expect(neverOffWarning("worker-1", record, { columns: 40 }).filter((line) => line.length > 40)).toEqual([]);
});
