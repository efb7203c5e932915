/** Files that cannot be read to their end, and name servers that never answer: the process ends in time, with all that it has to say. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { placeExecutable } from "../terminal/session.ts";

const folder = mkdtempSync(path.join(tmpdir(), "vmnode-stuck-"));
const at = (name: string): string => path.join(folder, name);
const pipe = at("pipe");

beforeAll(() => {
  placeExecutable(at("kubectl-vmnode"));
  placeExecutable(at("kubectl_complete-vmnode"));
  // Nobody writes into it: who opens it to read waits for ever, as on a network file system whose server is away.
  if (process.platform !== "win32") execFileSync("mkfifo", [pipe]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Much longer than it takes on a busy machine, much shorter than what is waited for. */
  readonly inTime: boolean;
}

function shell(script: string, wrapper: readonly string[] = []): Ended {
  const started = performance.now();
  const [program = "sh", ...words] = [...wrapper, "sh", "-c", script];
  const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder };
  const { status, stdout, stderr } = spawnSync(program, words, {
    encoding: "utf8",
    env,
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  return { code: status, stdout, stderr, inTime: performance.now() - started < 6000 };
}

/** A kubeconfig is YAML, and JSON is YAML. */
function kubeconfig(name: string, cluster: object, user: object): string {
  const config = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1", ...cluster } }],
    users: [{ name: "u", user }],
  };
  writeFileSync(at(name), JSON.stringify(config));
  return at(name);
}

const nothing: Ended = { code: 0, stdout: ":4\n", stderr: "", inTime: true };

describe.skipIf(process.platform === "win32")("completion ends though nobody can read", () => {
  test.each<[string, () => string, string]>([
    ["the kubeconfig", () => pipe, "drain"],
    ["the kubeconfig, of which contexts are asked", () => pipe, "list --context"],
    ["the certificate authority", () => kubeconfig("ca", { "certificate-authority": pipe }, { token: "x" }), "drain"],
    [
      "the client's key",
      () => kubeconfig("key", {}, { "client-certificate": "/dev/null", "client-key": pipe }),
      "drain",
    ],
    ["the token", () => kubeconfig("token", {}, { tokenFile: pipe }), "drain"],
  ])("%s", (_what, config, words) => {
    expect(shell(`KUBECONFIG='${config()}' kubectl_complete-vmnode ${words} ''`)).toEqual(nothing);
  });

  test("authorities that are meant for Node", () => {
    expect(
      shell(
        `KUBECONFIG='${kubeconfig("plain", {}, { token: "x" })}' NODE_EXTRA_CA_CERTS='${pipe}' kubectl_complete-vmnode drain ''`,
      ),
    ).toEqual(nothing);
  });

  test.runIf(process.platform === "linux")("and leaves the pipe to which it writes as it was", () => {
    const flags = "awk '/^flags/ { print $2 }' /proc/self/fdinfo/1";
    const script = `{ ${flags}; KUBECONFIG='${pipe}' kubectl_complete-vmnode drain ''; ${flags}; } | cat`;
    const [before, answer, after] = shell(script).stdout.split("\n");
    expect({ answer, after }).toEqual({ answer: ":4", after: before });
  });
});

/** A network of its own: the user is root in it, and may say where names are looked up. */
const ownNetwork = ["unshare", "--user", "--map-root-user", "--mount", "--net"];
const canHaveOne =
  process.platform === "linux" &&
  spawnSync(ownNetwork[0] ?? "", [...ownNetwork.slice(1), "ip", "link", "set", "lo", "up"]).status === 0;

describe.runIf(canHaveOne)("where a name server never answers", () => {
  const config = kubeconfig("named", { server: "https://api.example:6443" }, { token: "x" });
  const listening = "require('dgram').createSocket('udp4').bind(53, '127.0.0.53', () => console.log('ready'))";
  const withoutAnswers = (command: string): Ended => {
    writeFileSync(at("resolv.conf"), "nameserver 127.0.0.53\n");
    writeFileSync(at("listening.cjs"), listening);
    const script = `ip link set lo up
      mount --bind '${at("resolv.conf")}' /etc/resolv.conf
      mkfifo '${at("ready")}'
      '${process.execPath}' '${at("listening.cjs")}' >'${at("ready")}' & server=$!
      read -r _ <'${at("ready")}'
      KUBECONFIG='${config}' ${command}; code=$?
      kill $server; rm '${at("ready")}'; exit $code`;
    return shell(script, ownNetwork);
  };

  test("completion ends", () => {
    expect(withoutAnswers("kubectl_complete-vmnode drain ''")).toEqual(nothing);
  });

  test("a command ends with its time limit, having said everything, through pipes, too", () => {
    const unreachable = "error: no connection to the server https://api.example:6443 within 1s\n";
    for (const command of ["list", "doctor"]) {
      const found = withoutAnswers(`sh -c 'kubectl-vmnode ${command} --request-timeout=1s 2>&1; exit $?'`);
      expect(found).toMatchObject({ code: 1, inTime: true });
      if (command === "list") expect(found.stdout).toContain(unreachable);
      expect(found.stdout).toMatch(/\n$/);
    }
  });
});
