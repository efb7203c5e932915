/** What is wrong around the program ends in one clear line and the documented exit code, and nothing is written. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startApiServer } from "../../lib/practice/api/server.ts";
import { startClock } from "../../lib/practice/clock.ts";
import { createStore } from "../../lib/practice/memory-store.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { runCommand } from "./run.ts";

let world: TestCluster;
let directory: string;
beforeAll(async () => {
  world = await startCluster("quiet", 1);
  directory = await mkdtemp(path.join(tmpdir(), "vmnode-test-"));
});
afterEach(() => {
  world.cluster.server.setFault(undefined);
  expect(world.writes()).toEqual([]);
});
afterAll(async () => {
  await world.close();
  await rm(directory, { recursive: true, force: true });
});

/** The environment with this text as kubeconfig. */
async function withKubeconfig(text: string): Promise<Record<string, string>> {
  const file = path.join(directory, "kubeconfig");
  await writeFile(file, text);
  return { KUBECONFIG: file, HOME: directory };
}

const commands = [
  "list",
  "list worker-1",
  "check worker-1",
  "drain worker-1 --yes",
  "abort worker-1 --yes",
  "uncordon worker-1",
];

describe.each(commands)("%s", (line) => {
  test("without a kubeconfig", async () => {
    const { code, stdout, stderr } = await runCommand(line, { HOME: directory }, world);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: no kubeconfig found/);
  });

  test("with a context that does not exist", async () => {
    const { code, stderr } = await runCommand(`${line} --context elsewhere`, world.env, world);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error: context "elsewhere" does not exist/),
    });
  });

  test("with a server that is not there", async () => {
    const text = world.cluster.kubeconfigYaml.replace(world.cluster.server.url, "https://127.0.0.1:1");
    const { code, stdout, stderr } = await runCommand(line, await withKubeconfig(text), world);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("The connection to the server 127.0.0.1:1 was refused");
  });

  test("with a token that has expired", async () => {
    const text = await world.cluster.server.kubeconfig({ token: "expired" });
    const { code, stdout, stderr } = await runCommand(line, await withKubeconfig(text), world);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Unauthorized");
  });

  test("with a user who may not list nodes", async () => {
    const text = await world.cluster.server.kubeconfig({ user: "jane" });
    const { code, stdout, stderr } = await runCommand(line, await withKubeconfig(text), world);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/Error from server \(Forbidden\): .*User "jane" cannot/);
  });

  test("with the certificate of another authority", async () => {
    const other = await startApiServer({ store: createStore({ clock: startClock() }), clock: startClock() });
    await other.close();
    const certificate = (pem: string) => Buffer.from(pem).toString("base64");
    const own = certificate(world.cluster.server.caCertificate);
    expect(world.cluster.kubeconfigYaml).toContain(own);
    const text = world.cluster.kubeconfigYaml.replace(own, certificate(other.caCertificate));
    const { code, stdout, stderr } = await runCommand(line, await withKubeconfig(text), world);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/certificate/);
  });

  test("with a server that hangs", async () => {
    world.cluster.server.setFault(() => ({ kind: "hang" }));
    const { code, stdout, stderr } = await runCommand(`${line} --request-timeout 300ms`, world.env, world);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/did not answer|timed out|no answer/i);
  });

  test("with a proxy that answers instead", async () => {
    world.cluster.server.setFault(() => ({ kind: "html", status: 502 }));
    const { code, stdout, stderr } = await runCommand(line, world.env, world);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("answered with an HTML page (HTTP 502)");
  });
});
