/** `version`: what is printed, also where a part of it cannot be told. */
import { expect, test } from "vitest";
import { UnreachableError } from "../../../lib/model/errors.ts";
import type { FakeCluster } from "../observe/fake-cluster.ts";
import { clusterOf } from "../observe/raw-objects.ts";
import { type Run, run } from "./fake-world.ts";

function version(flags: string, cluster: FakeCluster = clusterOf("worker-1")): Promise<Run> {
  return run(`version ${flags}`, { connect: async () => cluster.client() });
}

test("the versions here and in the cluster", async () => {
  expect(await version("")).toMatchObject({
    code: 0,
    stdout: "Client Version: v1.2.3\nServer Version: v1.36.2\nKubeVirt Version: v1.9.0",
    stderr: "",
  });
});

test("for programs", async () => {
  expect(JSON.parse((await version("-o json")).stdout)).toEqual({
    apiVersion: "vmnode/v1",
    kind: "Versions",
    client: "v1.2.3",
    kubernetes: "v1.36.2",
    kubevirt: "v1.9.0",
  });
  expect((await version("--client -o yaml")).stdout).toBe("apiVersion: vmnode/v1\nkind: Versions\nclient: v1.2.3");
});

test.each(["version --client", "--version"])("%s needs no cluster", async (line) => {
  expect(await run(line)).toMatchObject({ code: 0, stdout: "Client Version: v1.2.3", stderr: "" });
});

test("a server that cannot be reached is told after what is known", async () => {
  const connect = async () => {
    throw new UnreachableError("nobody answers at https://10.0.0.1");
  };
  expect(await run("version", { connect })).toMatchObject({
    code: 1,
    stdout: "Client Version: v1.2.3",
    stderr: "error: nobody answers at https://10.0.0.1",
  });
});

test("a cluster without KubeVirt, and one with a renamed KubeVirt, are told apart by the exit code", async () => {
  const without = clusterOf("worker-1");
  without.groups = [];
  expect(await version("", without)).toMatchObject({ code: 1, stderr: expect.stringContaining("not installed") });
  const renamed = clusterOf("worker-1");
  renamed.groups.push({ name: "internal.virtualization.deckhouse.io", versions: [] });
  expect(await version("", renamed)).toMatchObject({ code: 3, stdout: expect.stringContaining("Server Version") });
});

test("rights that are missing for KubeVirt's settings are named", async () => {
  const cluster = clusterOf("worker-1");
  cluster.forbid("list", "kubevirts");
  expect(await version("", cluster)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("forbidden: list kubevirts"),
  });
});
