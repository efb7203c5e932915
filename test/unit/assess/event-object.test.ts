/** Where the events about a VM of a lost node are found afterwards. */
import { expect, test } from "vitest";
import { eventObject } from "../../../lib/assess/event-object.ts";
import { factsWith, someFacts } from "../../builders/facts.ts";
import { aRunningVm, aVm, aVmi } from "../../builders/kubevirt.ts";

const named = (name: string, uid: string) => ({ namespace: "prod", name, uid });

test("with its VirtualMachine, which outlives the VMI", () => {
  const web = aRunningVm("web");
  const { uid } = web.vmi.metadata;
  expect(eventObject(named("web", uid), { facts: factsWith([web]) })).toEqual({
    ...named("web", web.vmi.metadata.ownerReferences[0]?.uid ?? ""),
    kind: "VirtualMachine",
  });
});

test("with the VirtualMachine of its name, once the VMI is gone", () => {
  const vm = aVm("web");
  const takenUp = { vmis: [], virtualMachines: [vm] };
  const object = eventObject(named("web", "gone"), { facts: someFacts({ vmis: [] }), takenUp });
  expect(object).toEqual({ ...named("web", vm.metadata.uid), kind: "VirtualMachine" });
});

test("with the VMI itself, where nothing else is known", () => {
  const bare = aVmi("bare", { owner: undefined });
  const { uid } = bare.metadata;
  const object = eventObject(named("bare", uid), { facts: someFacts({ vmis: [bare] }) });
  expect(object).toEqual({ ...named("bare", uid), kind: "VirtualMachineInstance" });
});
