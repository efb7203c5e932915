/** Nothing is destroyed on an old reading, however slow the API server is: promised is one second. */
import { expect, test } from "vitest";
import type { LoggedRequest } from "../../../lib/practice/api/server.ts";
import type { MachineRow } from "../../../lib/practice/scenarios/scenario.ts";
import { lost, openStage, powerLoss, scenarioOf, word } from "./stage.ts";

const machines = Array.from(
  { length: 12 },
  (_none, index): MachineRow => ({
    name: `vm-${index}`,
    namespace: "shop",
    node: lost,
    run: "Always",
    disk: index < 3 ? "exclusive" : "image",
    memory: "1Gi",
    age: "1h",
  }),
);

const reads = (path: string) => (request: LoggedRequest) => request.method === "GET" && request.url === path;
const gates = [
  reads(`/api/v1/nodes/${lost}`),
  reads(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${lost}`),
];

test.each([
  ["with the taint", "", 20],
  ["with the taint, slowly", "", 300],
  ["by deleting, slowly", "--keep-other-pods", 300],
])("node and Lease are read at most 1 s before each destructive call, %s", async (_how, flags, requestMs) => {
  const stage = await openStage(scenarioOf([powerLoss], { machines }));
  try {
    const { code } = await stage.run(`recover ${lost} ${word} ${flags}`, { requestMs });
    expect(code).toBe(0);
    const { requests } = stage.cluster;
    const destructive = requests.filter(
      ({ method, userAgent }) => /PATCH|DELETE/.test(method) && /^kubectl-vmnode/.test(userAgent),
    );
    expect(destructive.length).toBeGreaterThan(12);
    for (const { method, url, time } of destructive) {
      for (const isGate of gates) {
        const latest = requests.filter((request) => isGate(request) && request.time <= time).at(-1);
        const age = time.getTime() - (latest?.time.getTime() ?? 0);
        expect(age, `${method} ${url}`).toBeLessThanOrEqual(1000);
      }
    }
  } finally {
    await stage.close();
  }
});
