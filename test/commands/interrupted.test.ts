/** Ctrl-C at any moment of an operation that programs follow: once something was written, the last line is the summary, with the signal's exit code. */
import { afterEach, describe, expect, test } from "vitest";
import type { KubeRequest } from "../../lib/kube/request.ts";
import { InterruptedError } from "../../lib/model/errors.ts";
import type { Run } from "../unit/cmd/fake-world.ts";
import { openStage, powerLoss, type Stage, scenarioOf, word } from "./recover/stage.ts";

const ctrlC = new InterruptedError("SIGINT", "Interrupted by SIGINT.");
const nodes = { group: "", resource: "nodes" };

let stage: Stage;
afterEach(() => stage.close());

/** Presses Ctrl-C with so many requests after the first write. */
async function interrupted(line: string, after: number): Promise<{ readonly run: Run; readonly came: boolean }> {
  const stop = new AbortController();
  let first: number | undefined;
  const before = ({ method, path, query }: KubeRequest, number: number) => {
    const writes = method !== "GET" && query?.dryRun === undefined && !/\/selfsubject\w*reviews$/.test(path);
    if (writes) first ??= number;
    if (first !== undefined && number >= first + after) stop.abort(ctrlC);
  };
  return { run: await stage.run(line, { signal: stop.signal, before }), came: stop.signal.aborted };
}

/** Two nodes that are cordoned, and to which KubeVirt sends no VMs until their virt-handler has said that it may. */
function cordonTwo(): void {
  for (const node of ["worker-1", "worker-2"])
    stage.cluster.store.modify(nodes, undefined, node, ({ spec, metadata }) => {
      spec.unschedulable = true;
      metadata.labels = { ...metadata.labels, "kubevirt.io/schedulable": "false" };
    });
}

const operations: readonly {
  readonly line: string;
  readonly open: () => Promise<unknown>;
  readonly operation?: string;
}[] = [
  { line: "drain worker-1 --yes", open: async () => {} },
  { line: "abort worker-1 --yes", open: () => interrupted("drain worker-1 --yes", 4), operation: "abort" },
  { line: "uncordon worker-1 worker-2", open: async () => cordonTwo(), operation: "uncordon" },
  { line: `recover worker-1 ${word}`, open: async () => {}, operation: "recover" },
];
const moments = operations.flatMap((each) => [0, 1, 2, 5, 8].map((after) => ({ ...each, after })));

test.each(moments)(
  "$line, $after requests after the first write",
  async ({ line, open, operation = "drain", after }) => {
    stage = await openStage(scenarioOf(operation === "recover" ? [powerLoss] : []));
    await open();
    const { run, came } = await interrupted(`${line} -o json`, after);
    expect(came).toBe(true);
    expect(run.code, run.stderr).toBe(130);
    const events = run.stdout.split("\n").map((text) => JSON.parse(text));
    expect(events.at(-1)).toMatchObject({ type: "summary", exitCode: 130, end: "interrupted" });
    expect(events.at(-1).operation ?? "drain").toBe(operation);
    expect(events.at(-1).nextSteps).not.toEqual([]);
  },
);

describe("uncordon", () => {
  test.each([
    [0, "Interrupted: worker-2 was not given back."],
    [5, "Interrupted: whether KubeVirt places VMs on worker-1 and worker-2 again was not waited for."],
  ])("says what it was kept from, and how it is taken up (%d)", async (after, text) => {
    stage = await openStage(scenarioOf([]));
    cordonTwo();
    const { run } = await interrupted("uncordon worker-1 worker-2", after);
    expect(run.code).toBe(130);
    expect(run.stdout).toMatch(/^node\/worker-1 uncordoned$/m);
    expect(run.stderr).toContain(text);
    expect(run.stderr).toMatch(/takes it up again: +kubectl vmnode uncordon worker-1 worker-2$/m);
    expect(stage.isCordoned("worker-2")).toBe(after === 0);
  });
});

test("a drain cordons no further node", async () => {
  stage = await openStage(scenarioOf([]));
  const { run } = await interrupted("drain worker-1 worker-2 --yes", 0);
  expect(run.code).toBe(130);
  expect([stage.isCordoned("worker-1"), stage.isCordoned("worker-2")]).toEqual([true, false]);
});
