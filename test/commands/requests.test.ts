/** How many requests a command makes that has something to do: what it costs the API server, in driven time the same on every machine. */
import { afterAll, describe, expect, test } from "vitest";
import { type DrivenCluster, startDrivenCluster } from "./driven-cluster.ts";

const clusters: DrivenCluster[] = [];
afterAll(async () => {
  for (const cluster of clusters) await cluster.close();
});

describe.each<[string, readonly (readonly [string, number])[]]>([
  [
    "crash",
    [
      ["recover", 6],
      ["recover worker-1 --dry-run", 30],
    ],
  ],
  [
    "quiet",
    [
      ["drain worker-1 --dry-run", 29],
      ["uncordon worker-1", 11],
      ["abort worker-1 --yes", 19],
    ],
  ],
])("%s", (scenario, figures) => {
  // Exactly what they make now: whoever adds a request says here what it is worth.
  test.each(figures)("%s", async (line, figure) => {
    const cluster = await startDrivenCluster(scenario);
    clusters.push(cluster);
    if (/^(?:uncordon|abort)/.test(line)) expect(await cluster.run("drain worker-1 --yes")).toMatchObject({ code: 0 });
    const { requests } = cluster.cluster;
    const before = requests.length;
    const { code, stderr } = await cluster.run(line);
    expect(code, stderr).toBe(0);
    const own = requests.slice(before).filter(({ userAgent }) => userAgent.startsWith("kubectl-vmnode"));
    const said = own.map(({ method, url }) => `${method} ${url}`);
    expect(said, said.join("\n")).toHaveLength(figure);
  });
});
