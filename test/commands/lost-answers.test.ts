/** The API server's answer to a write is lost on its way: what was done all the same is seen, or said not to be known. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { UnreachableError } from "../../lib/model/errors.ts";
import { type DrivenCluster, startDrivenCluster, type Through } from "./driven-cluster.ts";
import { scenarioOf } from "./recover/stage.ts";

let world: DrivenCluster;
beforeEach(async () => {
  world = await startDrivenCluster("quiet");
});
afterEach(() => world.close());

const cordons = (node: string) => world.writes().filter((write) => write.startsWith(`PATCH /api/v1/nodes/${node}?`));

/** The first write to the node is done, and not answered; `after` says whether the server answers anything from then on. */
function withoutAnswer(node: string, after: "answers" | "silence", gone?: number): Through {
  let isLost = false;
  return (connection) => ({
    ...connection,
    send: async (request) => {
      if (isLost && after === "silence") throw new UnreachableError("no route");
      const response = await connection.send(request);
      if (isLost || request.method !== "PATCH" || request.path !== `/api/v1/nodes/${node}`) return response;
      isLost = true;
      if (gone === undefined) throw new UnreachableError("the connection was closed before the answer was complete");
      return { ...response, status: gone, body: { kind: "Status", code: gone, message: "timed out" } };
    },
  });
}

describe("of the cordon", () => {
  test.each([undefined, 504])("which is seen on the node then: the drain goes on (%s)", async (gone) => {
    const through = withoutAnswer("worker-1", "answers", gone);
    const { code, stdout, stderr } = await world.run("drain worker-1 --yes", { through });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("node/worker-1 cordoned\n");
    expect(stdout).toContain("node/worker-1 drained\n");
    const undone = await world.run("abort worker-1 --yes");
    expect(undone.stdout).toContain("node/worker-1 uncordoned");
  });

  test("and the node cannot be read either: it is not said that nothing was changed", async () => {
    const through = withoutAnswer("worker-2", "silence");
    const { code, stderr } = await world.run("drain worker-1 worker-2 --yes", { through });
    expect(code).toBe(1);
    expect(cordons("worker-2")).toHaveLength(1);
    expect(stderr).not.toContain("nothing was changed");
    expect(stderr).toMatch(/abort worker-1.*; kubectl vmnode abort worker-2.*; it may be cordoned now$/m);
  });
});

test("of an uncordon: the node is told as it was found", async () => {
  await world.run("drain worker-1 --yes");
  const { code, stdout } = await world.run("uncordon worker-1", { through: withoutAnswer("worker-1", "answers") });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("node/worker-1 uncordoned") });
});

test("of an undo's first write: the warning names the node", async () => {
  await world.run("drain worker-1 --yes --timeout 5s");
  const { code, stdout, stderr } = await world.run("abort worker-1 --yes", {
    through: withoutAnswer("worker-1", "answers"),
  });
  expect(code, stdout + stderr).toBe(0);
  expect(stderr).toContain("Warning: node/worker-1: the connection was closed before the answer was complete");
});

test("of every watch: what was evicted is not evicted again, however long nothing is seen of it", async () => {
  const machine = {
    namespace: "shop",
    node: "worker-1",
    run: "Always",
    strategy: "None",
    disk: "image",
    age: "1h",
  } as const;
  const blind = await startDrivenCluster(scenarioOf([], { machines: [{ ...machine, name: "db" }] }));
  onTestFinished(() => blind.close());
  const through: Through = (connection) => ({
    ...connection,
    // It is cut before anything has come through, again and again.
    stream: async () => ({ serverTime: undefined, lines: (async function* () {})(), close() {} }),
  });
  const { stdout } = await blind.run("drain worker-1 --yes --timeout 60s", { through });
  expect(stdout).not.toContain("is shut down last");
  expect(blind.writes().filter((write) => write.endsWith("/eviction"))).toHaveLength(1);
});
