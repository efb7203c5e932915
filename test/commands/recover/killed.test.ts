/** A recovery that is killed at any of its API calls, and started again with the same command: the same end, and nothing destroyed twice. */
import { expect, test } from "vitest";
import type { KubeRequest } from "../../../lib/kube/request.ts";
import { lost, openStage, powerLoss, type Stage, scenarioOf, word } from "./stage.ts";

const forever = new Promise<never>(() => {});

/** Runs the command until it dies at the call with this number: that one, and all after it, are never sent. */
async function killedAt(stage: Stage, line: string, call: number): Promise<void> {
  let die: () => void = () => {};
  const abandoned = new Promise<void>((resolve) => {
    die = resolve;
  });
  let isDead = false;
  const before = (_request: KubeRequest, number: number): Promise<never> | undefined => {
    if (number >= call) isDead = true;
    if (!isDead) return undefined;
    die();
    return forever;
  };
  await stage.run(line, { before, abandoned });
  // What was on its way still arrives.
  await stage.pass(20);
}

const scenario = scenarioOf([powerLoss], {
  nodes: [lost, "worker-2"].map((name) => ({ name, cpu: 16, memory: "64Gi" })),
  machines: [
    { name: "web", namespace: "shop", node: lost, run: "Always", strategy: "None", disk: "shared", age: "1h" },
    { name: "db", namespace: "shop", node: lost, run: "Always", strategy: "None", disk: "exclusive", age: "1h" },
  ],
});
const vms = ["shop/db", "shop/web"];

interface End {
  readonly code: number;
  readonly recovered: readonly string[];
  readonly taints: readonly string[];
  readonly cordoned: boolean;
  readonly recorded: readonly string[];
}

function endOf(stage: Stage, code: number): End {
  const { vms: recorded = [] } = (stage.record() ?? {}) as { vms?: readonly { readonly name: string }[] };
  return {
    code,
    recovered: stage.recovered(),
    taints: stage.taints().sort(),
    cordoned: stage.isCordoned(lost),
    recorded: recorded.map(({ name }) => name).sort(),
  };
}

/** The calls of an undisturbed run, and how it ends. */
async function undisturbed<T>(
  line: string,
  open: () => Promise<Stage>,
  end: (stage: Stage, code: number) => T,
): Promise<{ readonly calls: readonly string[]; readonly end: T }> {
  const stage = await open();
  try {
    const calls: string[] = [];
    const before = ({ method, path }: KubeRequest) => void calls.push(`${method} ${path}`);
    const { code } = await stage.run(line, { before });
    return { calls, end: end(stage, code) };
  } finally {
    await stage.close();
  }
}

/** The numbers of the calls that differ: a third look at the same object is like the second. */
function differing(calls: readonly string[]): readonly number[] {
  const seen = new Map<string, number>();
  return calls.flatMap((call, index) => {
    const times = (seen.get(call) ?? 0) + 1;
    seen.set(call, times);
    return times > 2 ? [] : [index + 1];
  });
}

const isWrite = (call: string): boolean => /^(PATCH|DELETE)/.test(call);

/** The numbers of the calls at and after a write: between two of them nothing changes that outlives the process. */
function besideWrites(calls: readonly string[]): readonly number[] {
  return calls.flatMap((call, at) => (isWrite(call) || isWrite(calls[at - 1] ?? "") ? [at + 1] : []));
}

test.each([
  ["with the taint", `recover ${lost} ${word}`, differing],
  ["by deleting pods and attachments", `recover ${lost} ${word} --keep-other-pods`, besideWrites],
])("killed at each of its calls, %s", { timeout: 240_000 }, async (_method, line, meant) => {
  const { calls, end } = await undisturbed(line, () => openStage(scenario), endOf);
  expect(end).toMatchObject({ code: 0, recovered: vms, recorded: ["db", "web"] });
  expect(meant(calls).length).toBeGreaterThan(6);
  for (const call of meant(calls)) {
    const stage = await openStage(scenario);
    try {
      await killedAt(stage, line, call);
      const { code, stdout } = await stage.run(line);
      const where = `killed at call ${call}, ${calls[call - 1]}\n${stdout}`;
      expect(endOf(stage, code), where).toEqual(end);
      for (const vm of vms) expect(stdout, where).toMatch(new RegExp(`${vm} +on worker-2`));
      expect(stage.deletions(), where).toEqual([...new Set(stage.deletions())]);
      expect(stage.cluster.doubleRuns, where).toEqual([]);
    } finally {
      await stage.close();
    }
  }
});

test("killed at each of its writes, on a node that has been deleted", { timeout: 120_000 }, async () => {
  const line = `recover ${lost} ${word}`;
  const opened = async () => {
    const stage = await openStage(scenario);
    stage.cluster.faults.deleteNodeObject(lost);
    return stage;
  };
  const isEvent = (call: string): boolean => call.startsWith("POST") && call.includes("/events");
  const { calls } = await undisturbed(line, opened, (_stage, code) => expect(code).toBe(0));
  const begin = calls.findIndex(isEvent) + 1;
  const writes = differing(calls).filter((number) => /^(POST|DELETE)/.test(calls[number - 1] ?? ""));
  for (const call of [...writes.filter((number) => number >= begin), calls.length]) {
    const stage = await opened();
    try {
      await killedAt(stage, line, call);
      // The pods that name the node are collected meanwhile.
      await stage.pass(120_000);
      const { code, stdout, stderr } = await stage.run(line);
      const where = `killed at call ${call}, ${calls[call - 1]}\n${stdout}\n${stderr}`;
      // Before the first event was written nothing had been done, and nothing is left to be done.
      if (call === begin) expect({ code, stderr }, where).toMatchObject({ code: 1 });
      else {
        expect(code, where).toBe(0);
        for (const vm of vms) expect(stdout, where).toMatch(new RegExp(`${vm} +on worker-2`));
      }
      expect(stage.recovered(), where).toEqual(vms);
      expect(stage.cluster.doubleRuns, where).toEqual([]);
    } finally {
      await stage.close();
    }
  }
});

test("killed at its first deletion, whereupon the Node is deleted, too, and its pods are collected", async () => {
  const line = `recover ${lost} ${word}`;
  const { calls } = await undisturbed(line, () => openStage(scenario), endOf);
  const stage = await openStage(scenario);
  try {
    await killedAt(stage, line, calls.findIndex((call) => call.startsWith("DELETE")) + 2);
    stage.cluster.faults.deleteNodeObject(lost);
    await stage.pass(120_000);
    const { code, stdout, stderr } = await stage.run(line);
    expect(code, stderr).toBe(0);
    for (const vm of vms) expect(stdout).toMatch(new RegExp(`${vm} +on worker-2`));
  } finally {
    await stage.close();
  }
});
