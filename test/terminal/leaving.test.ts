/** Every question, left by Ctrl-C or ended by a signal: nothing is written, and nothing looks like an error. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { keys, start } from "./session.ts";

let quiet: TestCluster;
let crashed: TestCluster;
beforeAll(async () => {
  // So slow that the VM that is marked stays where it is.
  [quiet, crashed] = await Promise.all([startCluster("quiet", 0.02), startCluster("crash")]);
  const { store } = quiet.cluster;
  const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
  const vm = store.list(vmis).find(({ status }) => status?.nodeName === "worker-1");
  if (vm === undefined) throw new Error("nothing runs on worker-1");
  store.modify({ group: "", resource: "nodes" }, undefined, "worker-1", (draft) => {
    draft.spec.unschedulable = true;
  });
  store.modify(vmis, vm.metadata.namespace, vm.metadata.name, (draft) => {
    draft.status = { ...draft.status, evacuationNodeName: "worker-1" };
  });
});
afterAll(() => Promise.all([quiet.close(), crashed.close()]));

test.each([
  ["the consent to a drain", ["drain", "worker-2"], "Drain worker-2?"],
  ["the consent to an abort", ["abort", "worker-1"], "Undo the drain of worker-1?"],
  ["the abort that uncordon offers", ["uncordon", "worker-1"], "so that they stay?"],
  ["the menu", [], "Which node?"],
  ["the name that is typed", ["recover", "worker-1"], "Type the node's name to"],
] as const)("%s", async (_question, words, text) => {
  const world = words[0] === "recover" ? crashed : quiet;
  const before = world.writes().length;
  const session = start(words, { columns: 200, env: world.env });
  await session.waitFor(text);
  session.type(keys.ctrlC);
  expect(await session.ended).toBe(130);
  expect(session.text).toMatch(/\nInterrupted: nothing was changed\.\s*$/);
  expect(session.text).not.toContain("error");
  expect(world.writes().slice(before)).toEqual([]);
});

test.skipIf(process.platform === "win32").each([
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("a question is ended by %s, which leaves nothing behind", async (signal, code) => {
  const session = start([], { columns: 200, env: quiet.env });
  await session.waitFor("Which node?");
  session.kill(signal);
  expect(await session.ended).toBe(code);
  expect(session.text).not.toContain("error");
});
