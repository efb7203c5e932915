/** Completion as a shell gets it: genuine kubectl asks the built file, which asks a cluster. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../is-alive.ts";
import { runKubectl } from "../kubectl.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { placeExecutable } from "../terminal/session.ts";

const folder = mkdtempSync(path.join(tmpdir(), "vmnode-completion-"));
const bin = path.join(folder, "bin");
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster("maintenance");
  mkdirSync(bin);
  placeExecutable(path.join(bin, "kubectl-vmnode"));
});
afterAll(async () => {
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Completed {
  readonly lines: readonly string[];
  readonly directive: string;
  /** What is printed besides kubectl's own remarks. */
  readonly noise: string;
}

/** What a shell would be told for `kubectl vmnode WORDS`. */
async function complete(words: readonly string[], environment: Record<string, string> = {}): Promise<Completed> {
  const { code, stdout, stderr } = await runKubectl(
    cluster.cluster.kubeconfigPath,
    ["__complete", "vmnode", ...words],
    {
      environment: { PATH: bin, ...environment },
    },
  );
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  return {
    lines: lines.slice(0, -1),
    directive: lines.at(-1) ?? "",
    noise: stderr.replace(/^(?:\[Debug\]|Completion ended with directive:) .*\n/gm, ""),
  };
}

test("before the link is there kubectl completes the plugin's name, and nothing more", async () => {
  expect(await complete(["dr"])).toEqual({ lines: [], directive: ":0", noise: "" });
});

describe.skipIf(process.platform === "win32")("with the link", () => {
  beforeAll(() => {
    execFileSync(path.join(bin, "kubectl-vmnode"), ["completion", "install"], { stdio: "ignore", env: { PATH: bin } });
  });

  test("the link names its neighbour", () => {
    expect(readlinkSync(path.join(bin, "kubectl_complete-vmnode"))).toBe("kubectl-vmnode");
  });

  test("kubectl does not take it for a plugin", async () => {
    const { stdout, stderr } = await runKubectl(cluster.cluster.kubeconfigPath, ["plugin", "list"], {
      environment: { PATH: bin },
    });
    expect({ plugins: stdout.match(/kubectl\S*vmnode/g), stderr }).toEqual({ plugins: ["kubectl-vmnode"], stderr: "" });
  });

  test("commands", async () => {
    expect(await complete(["dr"])).toEqual({
      lines: ["drain\tMove the VMs off nodes for maintenance"],
      directive: ":4",
      noise: "",
    });
  });

  /** With more time than a shell would give, because the machine that tests may be busy. */
  const patient = { KUBECTL_VMNODE_COMPLETION_TIMEOUT: "20s" };

  test("nodes of the cluster, with their status", async () => {
    const { lines, directive } = await complete(["check", "worker-"], patient);
    expect(lines).toEqual(expect.arrayContaining(["worker-1\tReady", "worker-2\tReady"]));
    expect(directive).toBe(":4");
  });

  test("after -- and behind = as elsewhere in kubectl", async () => {
    expect((await complete(["drain", "--", "worker-"], patient)).lines).toContain("worker-1\tReady");
    expect((await complete(["list", "-n=kube-sys"], patient)).lines).toEqual(["kube-system\tActive"]);
    expect((await complete(["list", "-o=w"])).lines).toEqual(["wide"]);
  });

  test("namespaces and contexts", async () => {
    expect((await complete(["list", "-n", ""], patient)).lines).toContain("kube-system\tActive");
    expect((await complete(["list", "--context", ""], patient)).lines).toContainEqual(
      expect.stringMatching(/\tcurrent$/),
    );
  });

  test("flags and their values", async () => {
    expect((await complete(["drain", "--skip-b"])).lines).toEqual([expect.stringMatching(/^--skip-blocked\t/)]);
    expect((await complete(["list", "-o", "j"])).lines).toEqual(["json"]);
    expect((await complete(["practice", "--scenario", "mainten"], patient)).lines).toEqual([
      expect.stringMatching(/^maintenance\t/),
    ]);
  });

  test("files are left to the shell", async () => {
    expect(await complete(["list", "--kubeconfig", ""])).toEqual({ lines: [], directive: ":0", noise: "" });
  });

  describe("nothing is said about a failure", () => {
    test.each([
      ["no kubeconfig", { KUBECONFIG: "/nonexistent/config" }],
      ["a kubeconfig that is none", { KUBECONFIG: "/dev/null" }],
      ["settings that ask for remarks", { KUBECONFIG: "/nonexistent/config", NODE_OPTIONS: "--bad", DEBUG: "*" }],
    ])("%s", async (_what, environment) => {
      expect(await complete(["drain", ""], environment)).toEqual({ lines: [], directive: ":4", noise: "" });
    });

    test.each([
      ["authorities that are not there", { NODE_EXTRA_CA_CERTS: "/nonexistent" }],
      ["remarks of Node's", { NODE_DEBUG: "*" }],
    ])("nor of what Node alone is told: %s", async (_what, environment) => {
      const { lines, noise } = await complete(["check", "worker-"], { ...environment, ...patient });
      expect(lines).toContain("worker-1\tReady");
      expect(noise).toBe("");
    });

    test("a server that does not answer costs no more than the budget", async () => {
      const config = path.join(folder, "unanswered");
      // Nobody answers at an address that is set aside for documentation; here it is one that only listens.
      const { createServer } = await import("node:net");
      const silent = createServer(() => {}).listen(0, "127.0.0.1");
      const port = await new Promise<number>((resolve) =>
        silent.once("listening", () => resolve((silent.address() as { port: number }).port)),
      );
      writeFileSync(config, kubeconfigOf(`https://127.0.0.1:${port}`));
      const started = performance.now();
      expect(await complete(["drain", ""], { KUBECONFIG: config })).toEqual({ lines: [], directive: ":4", noise: "" });
      // The rest is for two programs to start on a busy machine: without a budget it would be 30 seconds.
      expect(performance.now() - started).toBeLessThan(5000);
      silent.close();
    });

    describe("a credential plugin", () => {
      const asking = path.join(folder, "asking");
      const pids = path.join(folder, "pids");
      /** Starts another program, and waits for it. */
      const slow = `sleep 300 & echo $$ $! > '${pids}'; echo noisy >&2; wait`;
      const completeWith = (script: string, interactiveMode = "IfAvailable", more: Record<string, string> = {}) => {
        const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script] };
        writeFileSync(asking, kubeconfigOf("https://127.0.0.1:1", { exec: { ...exec, interactiveMode } }));
        return complete(["drain", ""], { KUBECONFIG: asking, PATH: `${bin}:/bin:/usr/bin`, ...more });
      };
      const nothing = { lines: [], directive: ":4", noise: "" };

      test("that must ask", async () => {
        expect(await completeWith("exit 1", "Always")).toEqual(nothing);
      });

      test("that complains", async () => {
        expect(await completeWith(`echo noisy >&2; touch '${pids}'`, "IfAvailable", patient)).toEqual(nothing);
        // It was started, and not just passed over.
        expect(existsSync(pids)).toBe(true);
      });

      test("that is told of authorities gets to know them", async () => {
        const told = path.join(folder, "told");
        const script = `echo "$NODE_EXTRA_CA_CERTS" "$KUBECTL_VMNODE_CA_CERTS" >'${told}'; exit 1`;
        expect(await completeWith(script, "IfAvailable", { ...patient, NODE_EXTRA_CA_CERTS: "/ca" })).toEqual(nothing);
        expect(readFileSync(told, "utf8")).toBe("/ca \n");
      });

      test("that takes its time is ended with whatever it has started", async () => {
        const budget = { KUBECTL_VMNODE_COMPLETION_TIMEOUT: "2s" };
        expect(await completeWith(slow, "IfAvailable", budget)).toEqual(nothing);
        await expectEnded();
      });

      test("that takes its time is ended with us, too, by a signal", async () => {
        const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", slow] };
        writeFileSync(asking, kubeconfigOf("https://127.0.0.1:1", { exec: { ...exec, interactiveMode: "Never" } }));
        rmSync(pids, { force: true });
        const completer = spawn(path.join(bin, "kubectl_complete-vmnode"), ["drain", ""], {
          stdio: "ignore",
          env: { KUBECONFIG: asking, PATH: `${bin}:/bin:/usr/bin`, KUBECTL_VMNODE_COMPLETION_TIMEOUT: "60s" },
        });
        const ended = once(completer, "exit");
        await expect.poll(() => existsSync(pids) && readFileSync(pids, "utf8"), { timeout: 20_000 }).toMatch(/\n/);
        completer.kill("SIGINT");
        expect(await ended).toEqual([null, "SIGINT"]);
        await expectEnded();
      });

      async function expectEnded(): Promise<void> {
        const started = readFileSync(pids, "utf8").trim().split(" ").map(Number);
        expect(started).toHaveLength(2);
        await expect.poll(() => started.filter(isAlive), { timeout: 20_000 }).toEqual([]);
      }
    });
  });

  test("oc asks for it by its own name", () => {
    symlinkSync("kubectl-vmnode", path.join(bin, "oc_complete-vmnode"));
    const { stdout } = spawnSync(path.join(bin, "oc_complete-vmnode"), ["uncor"], {
      encoding: "utf8",
      env: { PATH: bin },
    });
    expect(stdout).toMatch(/^uncordon\t.*\n:4\n$/);
  });
});

/** A kubeconfig is YAML, and JSON is YAML. */
function kubeconfigOf(server: string, user: object = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user }],
  });
}
