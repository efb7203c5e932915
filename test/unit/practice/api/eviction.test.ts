/** The eviction subresource of the practice API, row by row as kube-apiserver decides. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Answer } from "../../../api-client.ts";
import { aPod, budgets, type PracticeApi, pods, startApi } from "./practice-api.ts";

let api: PracticeApi;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

const labels = { app: "web" };

function budget(status: object, parts: { name?: string; spec?: object } = {}): void {
  api.store.create(budgets, {
    metadata: { name: parts.name ?? "pdb", namespace: "app" },
    spec: { minAvailable: 1, selector: { matchLabels: labels }, ...parts.spec },
    status: { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, ...status },
  });
}

function evict(deleteOptions?: object, query = "", name = "a"): Promise<Answer> {
  const body = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace: "app" },
    ...(deleteOptions && { deleteOptions }),
  };
  return api.client.post(`/api/v1/namespaces/app/pods/a/eviction${query}`, body);
}

const unready = { status: { conditions: [{ type: "Ready", status: "False" }] } };
const isGoing = (): boolean => api.store.get(pods, "app", "a")?.metadata.deletionTimestamp !== undefined;

describe("without a budget", () => {
  it("the pod is marked as disrupted and deleted gracefully", async () => {
    api.store.create(pods, aPod("a"));
    const answer = await evict();
    expect(answer).toMatchObject({ status: 201, json: { kind: "Status", status: "Success", code: 201 } });
    const pod = api.store.get(pods, "app", "a");
    expect(pod?.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(pod?.status.conditions).toContainEqual({
      type: "DisruptionTarget",
      status: "True",
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
      lastProbeTime: null,
      lastTransitionTime: "2026-08-22T10:00:00Z",
    });
  });

  it("a missing pod is not found", async () => {
    expect(await evict()).toMatchObject({ status: 404, json: { message: 'pods "a" not found' } });
  });

  it("the grace period of the eviction counts", async () => {
    api.store.create(pods, aPod("a"));
    await evict({ gracePeriodSeconds: 5 });
    expect(api.store.get(pods, "app", "a")?.metadata.deletionGracePeriodSeconds).toBe(5);
  });
});

describe("dry runs", () => {
  it.each([
    ["in the query", undefined, "?dryRun=All"],
    ["in the body", { dryRun: ["All"] }, ""],
    ["in both", { dryRun: ["All"] }, "?dryRun=All"],
  ])("%s change nothing", async (_where, options, query) => {
    api.store.create(pods, aPod("a", { labels }));
    budget({ disruptionsAllowed: 1 });
    expect((await evict(options, query)).status).toBe(201);
    expect(isGoing()).toBe(false);
    expect(api.store.get(budgets, "app", "pdb")?.status.disruptionsAllowed).toBe(1);
  });

  it("reach the webhooks as dry only through the query", async () => {
    api.store.create(pods, aPod("a"));
    await evict({ dryRun: ["All"] });
    expect(api.admitted.at(-1)).toMatchObject({
      subresource: "eviction",
      dryRun: false,
      object: { deleteOptions: { dryRun: ["All"] } },
    });
    await evict(undefined, "?dryRun=All");
    expect(api.admitted.at(-1)).toMatchObject({ dryRun: true });
  });

  it("that differ between query and body are an error of the server", async () => {
    api.store.create(pods, aPod("a"));
    const { status, json } = await evict({ dryRun: ["Other"] }, "?dryRun=All");
    expect(status).toBe(500);
    expect(json.message).toBe("Non-matching dry-run options in request and content: [All] and [Other]");
  });
});

describe("what is meant", () => {
  it("is the pod with the UID of the preconditions", async () => {
    const { uid } = api.store.create(pods, aPod("a")).metadata;
    const wrong = await evict({ preconditions: { uid: "other" } });
    expect(wrong).toMatchObject({ status: 409, json: { reason: "Conflict" } });
    expect(wrong.json.message).toContain(
      `the UID in the precondition (other) does not match the UID in record (${uid}).`,
    );
    expect(isGoing()).toBe(false);
    const version = api.store.get(pods, "app", "a")?.metadata.resourceVersion;
    expect((await evict({ preconditions: { uid, resourceVersion: version } })).status).toBe(201);
  });

  it("is named in the eviction", async () => {
    api.store.create(pods, aPod("a"));
    expect(await evict(undefined, "", "b")).toMatchObject({
      status: 400,
      json: { reason: "BadRequest", message: "name in URL does not match name in Eviction object" },
    });
  });
});

describe("budgets", () => {
  const spentMessage = "Cannot evict pod as it would violate the pod's disruption budget.";

  it("give one disruption and note it", async () => {
    api.store.create(pods, aPod("a", { labels }));
    budget({ disruptionsAllowed: 1 });
    expect((await evict()).status).toBe(201);
    expect(api.store.get(budgets, "app", "pdb")?.status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { a: "2026-08-22T10:00:00Z" },
      conditions: [{ type: "DisruptionAllowed", status: "False", reason: "InsufficientPods" }],
    });
  });

  const failedSync = { type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message: "no scale" };
  const other = { type: "DisruptionAllowed", status: "False", reason: "Why", message: "because" };

  it.each([
    ["spent", { disruptionsAllowed: 0 }, "The disruption budget pdb needs 1 healthy pods and has 1 currently"],
    [
      "that cannot be worked out",
      { disruptionsAllowed: 0, conditions: [failedSync] },
      "The disruption budget pdb does not allow evicting pods currently because it failed sync: no scale",
    ],
    [
      "closed for another reason",
      { disruptionsAllowed: 0, currentHealthy: 2, conditions: [other] },
      "The disruption budget pdb does not allow evicting pods currently (Why): because",
    ],
    [
      "closed for no reason",
      { disruptionsAllowed: 0, currentHealthy: 2 },
      "The disruption budget pdb does not allow evicting pods currently",
    ],
  ])("%s refuse with 429", async (_what, status, cause) => {
    api.store.create(pods, aPod("a", { labels }));
    budget(status);
    const answer = await evict();
    expect(answer).toMatchObject({
      status: 429,
      json: {
        reason: "TooManyRequests",
        message: spentMessage,
        details: { causes: [{ reason: "DisruptionBudget", message: cause }] },
      },
    });
    expect(answer.headers["retry-after"]).toBeUndefined();
    expect(isGoing()).toBe(false);
  });

  it("that were just changed ask to come again in ten seconds", async () => {
    api.store.create(pods, aPod("a", { labels }));
    budget({ observedGeneration: 0, disruptionsAllowed: 1 });
    const answer = await evict();
    expect(answer).toMatchObject({ status: 429, json: { details: { retryAfterSeconds: 10 } } });
    expect(answer.headers["retry-after"]).toBe("10");
    expect(answer.json.details.causes[0].message).toBe(
      "The disruption budget pdb is still being processed by the server.",
    );
  });

  it("below zero are forbidden", async () => {
    api.store.create(pods, aPod("a", { labels }));
    budget({ disruptionsAllowed: -1 });
    expect(await evict()).toMatchObject({
      status: 403,
      json: { message: 'poddisruptionbudget.policy "pdb" is forbidden: pdb disruptions allowed is negative' },
    });
  });

  it("of which two select the pod are an error of the server", async () => {
    api.store.create(pods, aPod("a", { labels }));
    budget({ disruptionsAllowed: 1 });
    budget({ disruptionsAllowed: 1 }, { name: "second" });
    const { status, json } = await evict();
    expect(status).toBe(500);
    expect(json.message).toBe(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
    expect(json.reason).toBeUndefined();
  });

  it("with an empty selector protect every pod of the namespace, with none no pod", async () => {
    api.store.create(pods, aPod("a"));
    budget({ disruptionsAllowed: 0 }, { spec: { selector: undefined } });
    budget({ disruptionsAllowed: 0 }, { name: "all", spec: { selector: {} } });
    expect((await evict()).json.details.causes[0].message).toContain("disruption budget all needs");
  });

  it.each([
    ["Pending", { status: { phase: "Pending" } }],
    ["Succeeded", { status: { phase: "Succeeded" } }],
    ["Failed", { status: { phase: "Failed" } }],
  ])("do not hold pods that are %s", async (_phase, parts) => {
    api.store.create(pods, aPod("a", { labels, ...parts }));
    budget({ disruptionsAllowed: 0 });
    expect((await evict()).status).toBe(201);
  });

  it("let unready pods go when enough others are healthy, and use up nothing", async () => {
    api.store.create(pods, aPod("a", { labels, ...unready }));
    budget({ disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 });
    expect((await evict()).status).toBe(201);
    expect(api.store.get(budgets, "app", "pdb")?.status.disruptedPods).toBeUndefined();
  });

  it.each([
    ["too few are healthy", { currentHealthy: 0 }, {}, 429],
    [
      "the policy lets them go always",
      { currentHealthy: 0 },
      { spec: { unhealthyPodEvictionPolicy: "AlwaysAllow" } },
      201,
    ],
    ["none need be healthy", { currentHealthy: 0, desiredHealthy: 0 }, {}, 429],
  ])("decide on unready pods when %s", async (_when, status, parts, expected) => {
    api.store.create(pods, aPod("a", { labels, ...unready }));
    budget({ disruptionsAllowed: 0, ...status }, parts);
    expect((await evict()).status).toBe(expected);
  });
});

describe("webhooks", () => {
  it("decide before budgets and before anybody looks for the pod", async () => {
    await api.close();
    const message = 'admission webhook "w" denied the request: no';
    api = await startApi({
      admission: ({ subresource }) =>
        subresource === "eviction" ? { allowed: false, code: 429, message } : { allowed: true },
    });
    const { status, json } = await evict();
    expect({ status, json }).toEqual({
      status: 429,
      json: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 429 },
    });
  });
});
