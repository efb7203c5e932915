/** A recovery that is killed at any of its API calls, and started again with the same command: the same end, and nothing destroyed twice. */
import { expect, test } from "vitest";
import type { KubeRequest } from "../../../lib/kube/request.ts";
import type { MachineRow } from "../../../lib/practice/scenarios/scenario.ts";
import type { Run } from "../../unit/cmd/fake-world.ts";
import { lost, openStage, powerLoss, type Stage, scenarioOf, word } from "./stage.ts";

const forever = new Promise<never>(() => {});

/** Runs the command until it dies at the call with this number: that one, and all after it, are never sent. Some time passes then. */
async function killedAt(stage: Stage, line: string, call: number, thenMs = 20): Promise<void> {
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
  await stage.pass(thenMs);
}

const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
const restarting: readonly MachineRow[] = [
  { name: "web", namespace: "shop", node: lost, run: "Always", strategy: "None", disk: "shared", age: "1h" },
  { name: "db", namespace: "shop", node: lost, run: "Always", strategy: "None", disk: "exclusive", age: "1h" },
];
const pinned = { "kubernetes.io/hostname": lost };
const staying: readonly MachineRow[] = [
  { name: "notebook", namespace: "lab", node: lost, run: "Manual", strategy: "None", disk: "image", age: "1h" },
  { name: "files", namespace: "lab", node: lost, run: "Manual", strategy: "None", disk: "local", age: "1h" },
  { name: "setup", namespace: "lab", node: lost, run: "Once", strategy: "None", disk: "image", age: "1h" },
  { name: "scratch", namespace: "lab", node: lost, strategy: "None", disk: "image", age: "1h" },
  { name: "asleep", namespace: "lab", node: lost, run: "RerunOnFailure", strategy: "None", disk: "image", age: "1h" },
  { name: "archive", namespace: "lab", node: lost, run: "Always", strategy: "None", disk: "local", age: "1h" },
  { name: "cache", namespace: "lab", node: lost, run: "Always", strategy: "None", disk: "host-file", age: "1h" },
  {
    ...{ name: "pinned", namespace: "lab", node: lost, run: "Always", strategy: "None", disk: "image", age: "1h" },
    nodeSelector: pinned,
  },
];

const nodes = [lost, "worker-2"].map((name) => ({ name, cpu: 16, memory: "64Gi" }));
const scenario = scenarioOf([powerLoss], { nodes, machines: restarting });
/** Those that do not start elsewhere, too. */
const mixed = scenarioOf([powerLoss], { nodes, machines: [...restarting, ...staying] });
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
  end: (stage: Stage, run: Run) => T,
): Promise<{ readonly calls: readonly string[]; readonly end: T }> {
  const stage = await open();
  try {
    const calls: string[] = [];
    const before = ({ method, path }: KubeRequest) => void calls.push(`${method} ${path}`);
    const ended = await stage.run(line, { before });
    return { calls, end: end(stage, ended) };
  } finally {
    await stage.close();
  }
}

const isWrite = (call: string): boolean => /^(PATCH|DELETE)/.test(call);

/** What is said at the end, without the seconds that it took. */
function lastWords(stdout: string): string {
  const end = /^worker-1 is .*recovered/m.exec(stdout);
  return stdout.slice(end?.index ?? 0).replace(/, [\dms ]+ after the confirmation/g, "");
}

/** One of them had shut down by itself before the outage, and its pod hangs. */
async function openMixed(): Promise<Stage> {
  const stage = await openStage(mixed);
  stage.cluster.store.modify(vmis, "lab", "asleep", (vmi) => {
    vmi.status.phase = "Succeeded";
  });
  return stage;
}

test.each([
  ["with the taint", "", 3],
  ["by deleting pods and attachments", "--keep-other-pods", 5],
])(
  "VMs that stay down are told with the same words when it is taken up, %s",
  {
    timeout: 240_000,
  },
  async (_method, flag, step) => {
    const line = `recover ${lost} ${word} ${flag}`;
    const endWithWords = (stage: Stage, { code, stdout }: Run) => ({ ...endOf(stage, code), words: lastWords(stdout) });
    const { calls, end } = await undisturbed(line, openMixed, endWithWords);
    expect(end).toMatchObject({
      code: 0,
      words: expect.stringMatching(/asleep.*only what has failed[\s\S]*setup.*Once/),
    });
    const afterWrites = calls.flatMap((call, at) => (isWrite(call) ? [at + 2] : []));
    const last = Math.max(...afterWrites);
    const moments = [
      ...afterWrites.filter((_call, at) => at % step === 0).map((call) => ({ call, thenMs: 20 })),
      // What is left of a VM changes in the moments after that.
      ...[20, 300, 1000, 3000].map((thenMs) => ({ call: last, thenMs })),
      { call: calls.length, thenMs: 20 },
    ];
    for (const { call, thenMs } of moments) {
      const stage = await openMixed();
      try {
        await killedAt(stage, line, call, thenMs);
        const again = await stage.run(line);
        const where = `killed at call ${call}, ${calls[call - 1]}, ${thenMs} ms ago\n${again.stdout}`;
        expect(endWithWords(stage, again), where).toEqual(end);
      } finally {
        await stage.close();
      }
    }
  },
);

/** The numbers of the calls that differ: a third look at the same object is like the second. */
function differing(calls: readonly string[]): readonly number[] {
  const seen = new Map<string, number>();
  return calls.flatMap((call, index) => {
    const times = (seen.get(call) ?? 0) + 1;
    seen.set(call, times);
    return times > 2 ? [] : [index + 1];
  });
}

/** The numbers of the calls at and after a write: between two of them nothing changes that outlives the process. */
function besideWrites(calls: readonly string[]): readonly number[] {
  return calls.flatMap((call, at) => (isWrite(call) || isWrite(calls[at - 1] ?? "") ? [at + 1] : []));
}

test.each([
  ["with the taint", `recover ${lost} ${word}`, differing],
  ["by deleting pods and attachments", `recover ${lost} ${word} --keep-other-pods`, besideWrites],
])("killed at each of its calls, %s", { timeout: 240_000 }, async (_method, line, meant) => {
  const { calls, end } = await undisturbed(
    line,
    () => openStage(scenario),
    (stage, { code }) => endOf(stage, code),
  );
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
  const { calls } = await undisturbed(line, opened, (_stage, { code }) => expect(code).toBe(0));
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
  const { calls } = await undisturbed(
    line,
    () => openStage(scenario),
    (_stage, { code }) => expect(code).toBe(0),
  );
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
