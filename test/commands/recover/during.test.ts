/** What happens to a recovery while it is at work: the node comes back, the API server goes, a person stops it, another one starts it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KubeRequest } from "../../../lib/kube/request.ts";
import { InterruptedError } from "../../../lib/model/errors.ts";
import type { KubeObject } from "../../../lib/practice/store.ts";
import { lost, lostVms, openStage, type Play, powerLoss, type Stage, scenarioOf, word } from "./stage.ts";

const outOfService = "node.kubernetes.io/out-of-service";
const events = { group: "", resource: "events" };
const isTaint = ({ method, path }: KubeRequest) => method === "PATCH" && path.endsWith(`/nodes/${lost}`);
const isDelete = (kind: string) => (request: KubeRequest) =>
  request.method === "DELETE" && request.path.includes(`/${kind}/`);
const isGate = ({ method, path }: KubeRequest) => method === "GET" && path.endsWith(`/leases/${lost}`);

/** Acts before the first request of the second kind that follows one of the first kind. */
function between(
  first: (request: KubeRequest) => boolean,
  second: (request: KubeRequest) => boolean,
  act: () => unknown,
): Play {
  let stage: "before" | "after" | "done" = "before";
  return {
    before: async (request) => {
      if (stage === "after" && second(request)) {
        stage = "done";
        await act();
      }
      if (stage === "before" && first(request)) stage = "after";
    },
  };
}

let stage: Stage;
afterEach(() => stage.close());

describe("the node comes back", () => {
  const cutOff = { ...powerLoss, fault: { connected: false } };
  const back = async () => {
    stage.cluster.faults.restore(lost);
    // The kubelet says so within a moment.
    await stage.pass(1_500);
  };

  test.each([
    ["boots", powerLoss],
    ["was only cut off, whatever was asserted", cutOff],
  ])("before the first pod is deleted, because it %s: only the taint was set, and goes at once", async (_why, past) => {
    stage = await openStage(scenarioOf([past]));
    const { code, stdout } = await stage.run(`recover ${lost} ${word}`, between(isTaint, isGate, back));
    expect(stdout).toContain("STOPPED: worker-1 shows life");
    expect(stdout).toContain(`node/worker-1 untainted (${outOfService})`);
    expect(code).toBe(3);
    expect(stage.deletions()).toEqual([]);
    expect(stage.taints()).not.toContain(outOfService);
    expect(stage.isCordoned(lost)).toBe(true);
    expect(stage.record()).toMatchObject({
      kind: "recover",
      assertions: [{ text: "seen on the console" }],
      taints: [],
    });
    expect(stage.cluster.doubleRuns).toEqual([]);
  });

  test("after the recovery was interrupted: the same command is refused, and says how our taint comes off", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    await stage.run(`recover ${lost} ${word}`);
    await back();
    const { code, stderr } = await stage.run(`recover ${lost} ${word}`);
    expect(stderr).toMatch(/still bears the out-of-service taint.*: kubectl vmnode uncordon worker-1$/m);
    expect(code).toBe(3);
  });

  test("between the pods and the attachments: no attachment is deleted", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    const line = `recover ${lost} ${word} --keep-other-pods`;
    const { code, stdout } = await stage.run(line, between(isDelete("pods"), isGate, back));
    expect(stdout).toContain("STOPPED: worker-1 shows life");
    expect(code).toBe(3);
    expect(stage.deletions().filter((path) => path.includes("volumeattachments"))).toEqual([]);
  });

  test("after pods were removed from a host that was never off: who starts elsewhere now may run twice", async () => {
    stage = await openStage(scenarioOf([cutOff]));
    const line = `recover ${lost} ${word} --keep-other-pods`;
    const { code, stdout } = await stage.run(line, between(isDelete("pods"), isGate, back));
    expect(code).toBe(3);
    expect(stage.deletions().length).toBeGreaterThan(0);
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      /MAY RUN TWICE, until the kubelet of worker-1 ends the copies there: \S+/,
    );
  });

  test("while the VMs start: the taint goes at once, and what was done is told", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    const { code, stdout } = await stage.run(`recover ${lost} ${word}`, between(isDelete("pods"), isGate, back));
    expect(stdout).toContain("STOPPED: worker-1 shows life");
    expect(stdout).toContain("Kubernetes goes on ending the pods that it found there");
    expect(stdout).toContain("kubectl vmnode uncordon worker-1");
    expect(code).toBe(3);
    expect(stage.taints()).not.toContain(outOfService);
    expect(stage.deletions()).toHaveLength(3);
    await stage.pass(60_000);
    expect(stage.cluster.doubleRuns).toEqual([]);
  });

  test("a taint that a colleague has set is left alone, and named", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    stage.cluster.store.modify({ group: "", resource: "nodes" }, undefined, lost, (draft) => {
      draft.spec.taints = [
        ...(draft.spec.taints ?? []),
        { key: outOfService, value: "nodeshutdown", effect: "NoExecute" },
      ];
    });
    const { code, stdout, stderr } = await stage.run(`recover ${lost} ${word}`, between(isTaint, isGate, back));
    expect(code).toBe(3);
    expect(stdout).not.toContain("untainted");
    expect(stderr).toMatch(/out-of-service.*somebody else/);
    expect(stage.taints()).toContain(outOfService);
  });
});

test("a kubelet that is back may report containers before it renews its Lease: nothing is done", async () => {
  stage = await openStage(scenarioOf([powerLoss]));
  const { store } = stage.cluster;
  const pods = { group: "", resource: "pods" };
  const pod = store.list(pods, "shop").find(({ spec }) => spec?.nodeName === lost);
  const report = () =>
    store.modify(pods, "shop", pod?.metadata.name ?? "", (draft) => {
      for (const container of draft.status.containerStatuses) container.restartCount += 1;
    });
  const { code, stdout, stderr } = await stage.run(`recover ${lost} ${word}`, between(isGate, isGate, report));
  expect(stderr).toMatch(
    /^error: worker-1 shows life: .*\nhint: nothing was changed; look again: kubectl vmnode recover worker-1 --dry-run$/m,
  );
  expect(stdout).not.toContain("kubectl vmnode uncordon");
  expect(code).toBe(3);
  expect(stage.deletions()).toEqual([]);
  expect(stage.taints()).not.toContain(outOfService);
});

describe("a migration away from the node", () => {
  const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
  const arrives = (more: object = {}) =>
    stage.cluster.store.modify(vmis, "shop", "web", (draft) => {
      const startTimestamp = "2026-11-21T11:51:00Z";
      draft.status.migrationState = {
        startTimestamp,
        sourceNode: lost,
        targetNode: "worker-2",
        mode: "PreCopy",
        ...more,
      };
    });
  const handedOver = () => void arrives({ targetNodeDomainReadyTimestamp: "2026-11-21T12:00:10Z" });

  test("that hands the guest over while the question stands: nothing is done", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    arrives();
    // The second reading of the signs is the last one before consent.
    const { code, stderr } = await stage.run(`recover ${lost} ${word}`, between(isGate, isGate, handedOver));
    expect(stderr).toMatch(/shop\/web is not as it was: Was arriving on worker-2 .* may stop a live guest/s);
    expect(code).toBe(3);
    expect(stage.deletions()).toEqual([]);
    expect(stage.taints()).not.toContain(outOfService);
    expect(stage.record()).toBeUndefined();
  });

  test("that hands it over later: its pod stays, and the others go", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    arrives();
    const line = `recover ${lost} ${word} --keep-other-pods`;
    const { code, stdout } = await stage.run(line, between(isTaint, isGate, handedOver));
    expect(stdout).toMatch(/failed:\s+shop\/web\s+Was arriving on worker-2/);
    expect(code).toBe(4);
    expect(stage.deletions().filter((path) => path.includes("/pods/"))).toHaveLength(2);
    expect(stage.deletions().join()).not.toContain("virt-launcher-web");
  });
});

describe("somebody takes back that the node is lost", () => {
  const nodes = { group: "", resource: "nodes" };
  const change = (draft: (node: KubeObject) => void) => () =>
    void stage.cluster.store.modify(nodes, undefined, lost, draft);
  const withoutTaint = (node: KubeObject) => {
    node.spec.taints = node.spec.taints.filter(({ key }: { key: string }) => key !== outOfService);
  };

  test.each<[string, (node: KubeObject) => void]>([
    ["our taint", withoutTaint],
    ["the cordon", (node) => delete node.spec.unschedulable],
    ["the record of this recovery", (node) => delete node.metadata.annotations?.["kubectl-vmnode/operation"]],
  ])("%s is taken off: no pod is deleted, and our taint is off", async (what, draft) => {
    stage = await openStage(scenarioOf([powerLoss]));
    const { code, stdout } = await stage.run(`recover ${lost} ${word}`, between(isTaint, isGate, change(draft)));
    expect(stdout).toContain(`STOPPED: somebody has taken ${what} off node/${lost}`);
    expect(stdout).not.toContain("keeps the taint");
    expect(stdout.includes("untainted")).toBe(what !== "our taint");
    expect(code).toBe(3);
    expect(stage.deletions()).toEqual([]);
    expect(stage.taints()).not.toContain(outOfService);
  });

  test("when nothing is left to be removed, it goes on and says that no taint is left", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    const { code, stdout } = await stage.run(
      `recover ${lost} ${word}`,
      between(isDelete("pods"), isGate, change(withoutTaint)),
    );
    expect(stdout).toContain(`${lost} is recovered.`);
    expect(stdout).not.toContain("keeps the taint");
    expect(code).toBe(0);
    expect(stage.recovered().sort()).toEqual(lostVms);
  });
});

test("a VirtualMachine that is deleted meanwhile is not waited for", async () => {
  stage = await openStage(scenarioOf([powerLoss]));
  const machines = { group: "kubevirt.io", resource: "virtualmachines" };
  const remove = () => void stage.cluster.store.delete(machines, "lab", "batch");
  const { stdout } = await stage.run(`recover ${lost} ${word}`, between(isTaint, isGate, remove));
  expect(stdout).toMatch(/lab\/batch\s+its VirtualMachine was deleted meanwhile/);
});

test("a finalizer holds a pod: named once, and its VM is followed by the same command", async () => {
  const finalizer = "example.org/backup";
  stage = await openStage(scenarioOf([powerLoss]));
  const { store } = stage.cluster;
  const pods = { group: "", resource: "pods" };
  const [pod] = store.list(pods, "shop").filter(({ metadata }) => metadata.name.startsWith("virt-launcher-web-"));
  const hold = (finalizers: string[]) =>
    store.modify(pods, "shop", pod?.metadata.name ?? "", (draft) => {
      draft.metadata.finalizers = finalizers;
    });
  hold([finalizer]);
  const first = await stage.run(`recover ${lost} ${word}`);
  expect(first.stdout).toMatch(
    new RegExp(`failed:\\s+shop/web\\s+pod/\\S+: its object is still there, held by the\\s+finalizer ${finalizer}`),
  );
  expect(first.stdout.match(/virt-launcher-web-\S+ force deleted/g)).toHaveLength(1);
  expect(first.code).toBe(4);
  stage.later(20_000, () => hold([]));
  const second = await stage.run(`recover ${lost} ${word}`);
  expect(second.stdout).toMatch(/RESTARTS +shop\/web/);
  expect(second.code).toBe(0);
  expect(stage.recovered().sort()).toEqual(lostVms);
});

describe("a false assertion", () => {
  test("starts VMs twice, which the cluster sees: the detector of these tests works", async () => {
    stage = await openStage(scenarioOf([{ ...powerLoss, fault: { kubelet: false, handler: false } }]));
    await stage.run(`recover ${lost} ${word}`);
    expect(stage.cluster.doubleRuns.map(({ vm }) => vm).sort()).toEqual(lostVms);
  });
});

describe("the API server", () => {
  test("becomes unreachable: nothing more is deleted, and the same command finishes later", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    const gone = between(isTaint, isGate, () => stage.cluster.server.setFault(() => ({ kind: "refuse" })));
    const first = await stage.run(`recover ${lost} ${word}`, gone);
    expect(first.stdout).toContain("could not be read any more");
    expect(first.stdout).toContain(`kubectl vmnode recover ${lost}`);
    expect(first.code).toBe(4);
    expect(stage.deletions()).toEqual([]);
    stage.cluster.server.setFault(undefined);
    const second = await stage.run(`recover ${lost} ${word}`);
    expect(second.code).toBe(0);
    expect(stage.recovered()).toEqual(lostVms);
  });

  test("is away for 20 s: said once, and the recovery goes on by itself", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    const { setFault } = stage.cluster.server;
    const away = between(isTaint, isGate, () => {
      setFault(() => ({ kind: "refuse" }));
      stage.later(20_000, () => setFault(undefined));
    });
    const { code, stderr } = await stage.run(`recover ${lost} ${word}`, away);
    expect(stderr.match(/until that can be read again, nothing is removed/g)).toHaveLength(1);
    expect(code).toBe(0);
    expect(stage.recovered()).toEqual(lostVms);
  });

  test("does not answer the write that sets the taint: it is looked at and tried again", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    let dropped = 0;
    stage.cluster.server.setFault(({ method }) => {
      if (method !== "PATCH" || dropped > 0) return undefined;
      dropped += 1;
      return { kind: "drop" };
    });
    const { code, stdout } = await stage.run(`recover ${lost} ${word}`);
    expect(dropped).toBe(1);
    expect(code).toBe(0);
    expect(stdout.match(new RegExp(`tainted .${outOfService}`, "g"))).toHaveLength(1);
  });

  test("is in trouble when the node shows life: the taint is taken off as soon as it can be", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    const { setFault } = stage.cluster.server;
    const failure = { apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure" } as const;
    const status = { ...failure, reason: "ServiceUnavailable", message: "no leader", code: 503 };
    const back = async () => {
      stage.cluster.faults.restore(lost);
      await stage.pass(1_500);
      setFault(({ method, userAgent }) =>
        method === "PATCH" && userAgent.startsWith("kubectl-vmnode") ? { kind: "status", status } : undefined,
      );
      stage.later(5_000, () => setFault(undefined));
    };
    const { code, stdout } = await stage.run(`recover ${lost} ${word}`, between(isTaint, isGate, back));
    expect(code).toBe(3);
    expect(stdout).toContain(`node/worker-1 untainted (${outOfService})`);
    expect(stage.taints()).not.toContain(outOfService);
  });
});

describe("Ctrl-C", () => {
  test("leaves the taint, says so, and the same command takes it up", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    const stop = new AbortController();
    const play = between(isDelete("pods"), isGate, () => stop.abort(new InterruptedError("SIGINT", "interrupted")));
    const first = await stage.run(`recover ${lost} ${word}`, { ...play, signal: stop.signal });
    expect(first.code).toBe(130);
    expect(first.stdout).toContain("Interrupted: nothing more is removed");
    expect(stage.cluster.store.list(events).filter(({ reason }) => reason === "NodeDeclaredLost")).toHaveLength(4);
    expect(first.stdout).toContain(`${lost} keeps the taint ${outOfService}`);
    expect(stage.taints()).toContain(outOfService);
    const second = await stage.run(`recover ${lost} ${word}`);
    expect(second.code).toBe(0);
    for (const vm of lostVms) expect(second.stdout).toMatch(new RegExp(`${vm} +on worker-[23]`));
    expect(stage.cluster.doubleRuns).toEqual([]);
  });
});

describe("Ctrl-C while a deletion is on its way", () => {
  test("waits a moment for its answer, and says nothing after its last word", async () => {
    stage = await openStage(scenarioOf([powerLoss]));
    const stop = new AbortController();
    stage.cluster.server.setFault((request) => {
      if (request.method !== "DELETE") return undefined;
      stop.abort(new InterruptedError("SIGINT", "interrupted"));
      return { kind: "delay", ms: 200 };
    });
    const { code, stdout, stderr } = await stage.run(`recover ${lost} ${word}`, { signal: stop.signal });
    expect(stdout.match(/force deleted/g)?.length).toBeGreaterThan(0);
    expect(stdout.indexOf("force deleted")).toBeLessThan(stdout.indexOf("Interrupted"));
    expect(stderr).not.toContain("Warning");
    expect(code).toBe(130);
  });
});

describe("two operators at once", () => {
  beforeEach(async () => {
    stage = await openStage(scenarioOf([powerLoss]));
  });

  test("do the same work once, and both see it through", async () => {
    const both = await Promise.all([stage.run(`recover ${lost} ${word}`), stage.run(`recover ${lost} ${word}`)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(stage.recovered()).toEqual(lostVms);
    expect(stage.deletions()).toEqual([...new Set(stage.deletions())]);
    expect(stage.cluster.doubleRuns).toEqual([]);
  });

  test("of different names: one of them works, and the other is told who, whose word stays alone", async () => {
    const env = await stage.kubeconfigFor("jane");
    const both = await Promise.all([
      stage.run(`recover ${lost} ${word}`),
      stage.run(`recover ${lost} ${word}`, { env }),
    ]);
    const second = both.find(({ code }) => code !== 0);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 3]);
    expect(second?.stderr).toMatch(/node\/worker-1 is being handled by \S+ now: recover since [\d-]+T[\d:]+Z$/m);
    expect(stage.record()).toMatchObject({ assertions: [{ by: stage.record()?.by }] });
    expect(stage.recovered()).toEqual(lostVms);
  });

  test("of different names: who comes second is told who came first", async () => {
    await stage.run(`recover ${lost} ${word}`);
    const env = await stage.kubeconfigFor("jane");
    const { code, stderr } = await stage.run(`recover ${lost} ${word}`, { env });
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/recover by kubernetes-admin since [\d-]+T[\d:]+Z$/m),
    });
  });
});
