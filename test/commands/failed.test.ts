/** An error in the middle of an operation that programs follow: once something was written, the last line is the summary, with the error. */
import { afterEach, describe, expect, test } from "vitest";
import type { KubeRequest } from "../../lib/kube/request.ts";
import { ConfigError } from "../../lib/model/errors.ts";
import type { Run } from "../unit/cmd/fake-world.ts";
import type { BeforeRequest } from "./driven-time.ts";
import { openStage, powerLoss, type Stage, scenarioOf, word } from "./recover/stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const nodes = { group: "", resource: "nodes" };
const loggedOut = new ConfigError("the login program has failed");

function isWrite({ method, path, query }: KubeRequest): boolean {
  return method !== "GET" && query?.dryRun === undefined && !/\/selfsubject\w*reviews$/.test(path);
}

function eventsOf({ stdout }: Run): Record<string, unknown>[] {
  return stdout.split("\n").map((line) => JSON.parse(line));
}

/** Whoever is about to change worker-2 has no credential any more. */
const refusedSecond: BeforeRequest = ({ method, path }) => {
  if (method === "PATCH" && path === "/api/v1/nodes/worker-2") throw loggedOut;
};

test("the second node of a drain cannot be cordoned", async () => {
  stage = await openStage(scenarioOf([]));
  const run = await stage.run("drain worker-1 worker-2 --yes -o json", { before: refusedSecond });
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("error: the login program has failed");
  expect(run.stderr).toContain("given back by: kubectl vmnode abort worker-1\n".trim());
  const [cordoned, summary, ...more] = eventsOf(run);
  expect(more).toEqual([]);
  expect(cordoned).toMatchObject({ type: "node-cordoned", node: "worker-1" });
  expect(summary).toMatchObject({
    type: "summary",
    exitCode: 1,
    end: "failed",
    error: "the login program has failed",
    nodes: [
      { name: "worker-1", drained: false, mayPowerOff: false },
      { name: "worker-2", drained: false, mayPowerOff: false },
    ],
    nextSteps: [
      { command: expect.stringMatching(/^kubectl vmnode drain worker-1 worker-2/) },
      { command: "kubectl vmnode abort worker-1" },
    ],
  });
  expect(stage.isCordoned("worker-2")).toBe(false);
});

test("people are told the error and how to go back, and no summary of what has not begun", async () => {
  stage = await openStage(scenarioOf([]));
  const run = await stage.run("drain worker-1 worker-2 --yes", { before: refusedSecond });
  expect(run.stdout).toMatch(/node\/worker-1 cordoned$/);
  expect(run.stderr).toMatch(/^error: the login program has failed\nhint: nothing was evicted; .*abort worker-1$/);
});

test("the second node of an uncordon cannot be given back", async () => {
  stage = await openStage(scenarioOf([]));
  for (const node of ["worker-1", "worker-2"])
    stage.cluster.store.modify(nodes, undefined, node, ({ spec }) => {
      spec.unschedulable = true;
    });
  const run = await stage.run("uncordon worker-1 worker-2 -o json", { before: refusedSecond });
  expect(run.code).toBe(1);
  expect(eventsOf(run).at(-1)).toMatchObject({
    type: "summary",
    operation: "uncordon",
    exitCode: 1,
    end: "failed",
    error: "the login program has failed",
    nodes: [
      { name: "worker-1", leaving: [] },
      { name: "worker-2", uncordoned: false },
    ],
    nextSteps: [{ command: "kubectl vmnode uncordon worker-1 worker-2" }],
  });
  expect(eventsOf(run).at(-1)?.nodes).not.toContainEqual(
    expect.objectContaining({ name: "worker-1", uncordoned: false }),
  );
});

test("a node that was never off keeps its cordon, but our taint came off: that is told", async () => {
  stage = await openStage(scenarioOf([{ ago: "8m", host: "worker-1", fault: { connected: false } }]));
  await stage.run(`recover worker-1 ${word}`);
  stage.cluster.faults.restore("worker-1");
  await stage.pass(120_000);
  const run = await stage.run("uncordon worker-1 -o json");
  expect(run.code, run.stderr).toBe(3);
  expect(eventsOf(run).at(-1)).toMatchObject({
    type: "summary",
    exitCode: 3,
    end: "failed",
    error: "node/worker-1 was never off while its VMs were started elsewhere",
    nodes: [{ name: "worker-1", uncordoned: false }],
  });
});

describe("the credential is lost", () => {
  const operations: readonly {
    readonly line: string;
    readonly open: () => Promise<unknown>;
    readonly operation?: string;
    readonly moments?: readonly number[];
  }[] = [
    { line: "drain worker-1 --yes --timeout 90s", open: async () => {} },
    { line: "abort worker-1 --yes", open: () => stage.run("drain worker-1 --yes --timeout 5s"), operation: "abort" },
    { line: "uncordon worker-1", open: () => stage.run("drain worker-1 --yes"), operation: "uncordon", moments: [1] },
    { line: `recover worker-1 ${word}`, open: async () => {}, operation: "recover" },
  ];
  const moments = operations.flatMap((each) => (each.moments ?? [1, 2, 4, 7]).map((after) => ({ ...each, after })));

  test.each(moments)("$line, $after requests after the first write", async ({ line, open, operation, after }) => {
    stage = await openStage(scenarioOf(operation === "recover" ? [powerLoss] : []));
    await open();
    let first: number | undefined;
    const run = await stage.run(`${line} -o json`, {
      before: (request, number) => {
        if (isWrite(request)) first ??= number;
        if (first !== undefined && number >= first + after) throw loggedOut;
      },
    });
    expect(run.code).not.toBe(0);
    const last = eventsOf(run).at(-1);
    expect(last).toMatchObject({ type: "summary", exitCode: run.code });
    expect(last?.operation).toBe(operation);
    if (run.code === 1) expect(last).toMatchObject({ end: "failed", error: loggedOut.message });
  });
});
