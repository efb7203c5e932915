/** What tests of this room stand on: an environment that remembers, a clock that does not wait, kubeconfig files. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Connection, connect, type Environment } from "../../../lib/kube/connection.ts";
import type { ConnectionOptions } from "../../../lib/kube/effective-config.ts";
import type { Clock } from "../../../lib/model/clock.ts";

export interface TestClock extends Clock {
  /** Milliseconds of each sleep that was asked for. */
  readonly slept: number[];
  advance(ms: number): void;
}

/** Stands at 2026-01-01T00:00:00Z; sleeping moves it at once. */
export function testClock(): TestClock {
  let time = Date.parse("2026-01-01T00:00:00Z");
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(time),
    advance: (ms) => {
      time += ms;
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      time += ms;
    },
  };
}

export interface TestEnvironment extends Environment {
  readonly clock: TestClock;
  readonly warned: string[];
  readonly logged: string[];
}

export function testEnvironment(given: Partial<Environment> = {}): TestEnvironment {
  const warned: string[] = [];
  const logged: string[] = [];
  const clock = testClock();
  return {
    env: { PATH: process.env.PATH },
    homedir: "/nonexistent",
    stdinIsTerminal: false,
    version: "1.2.3",
    verbosity: 0,
    log: (level, line) => logged.push(`${level} ${line}`),
    warn: (line) => warned.push(line),
    ...given,
    clock,
    warned,
    logged,
  };
}

/** A folder that is gone after the test file. */
export function temporaryFolder(): {
  readonly path: string;
  write(name: string, text: string | Buffer): string;
  remove(): void;
} {
  const folder = mkdtempSync(path.join(tmpdir(), "vmnode-kube-"));
  return {
    path: folder,
    write: (name, text) => {
      const file = path.join(folder, name);
      writeFileSync(file, text);
      return file;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A kubeconfig text with one cluster, one user and one context, all named `test`. JSON is YAML. */
export function kubeconfigText(cluster: object, user: object, context: object = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test", ...context } }],
  });
}

/** A connection to `server` without any kubeconfig. */
export function connectTo(
  server: string,
  options: ConnectionOptions = {},
  environment: Environment = testEnvironment(),
): Promise<Connection> {
  return connect({ server, ...options }, environment);
}
