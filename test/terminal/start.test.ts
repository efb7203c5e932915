/** The built file as a person meets it first: help, versions, colours, and what it says without a cluster. */
import { describe, expect, test } from "vitest";
import { start } from "./session.ts";

const nowhere = { KUBECONFIG: "/nonexistent/config" };

test("help fits the terminal", async () => {
  const session = start(["drain", "-h"], { columns: 60 });
  expect(await session.ended).toBe(0);
  const tooLong = session.text.split("\n").filter((line) => line.length > 60 && !line.startsWith("  kubectl"));
  expect(tooLong.filter((line) => !line.startsWith("  # "))).toEqual([]);
});

test("the version is printed without a cluster", async () => {
  const session = start(["--version"], { env: nowhere });
  expect(await session.ended).toBe(0);
  expect(session.text).toMatch(/^Client Version: v\d+\.\d+\.\d+\n$/);
});

describe("an error", () => {
  test("is red on a terminal", async () => {
    const session = start(["list"], { env: nowhere });
    expect(await session.ended).toBe(1);
    expect(session.raw).toContain("\x1b[31merror:\x1b[39m no kubeconfig found");
  });

  test.each([
    ["NO_COLOR", [], { NO_COLOR: "1" }],
    ["TERM=dumb", [], { TERM: "dumb" }],
    ["CI", [], { CI: "true" }],
    ["--color=never", ["--color=never"], { FORCE_COLOR: "1" }],
  ])("has no colour with %s", async (_what, flags, env) => {
    const session = start(["list", ...flags], { env: { ...nowhere, ...env } });
    expect(await session.ended).toBe(1);
    expect(session.raw).toContain("error: no kubeconfig found");
    expect(session.raw).not.toContain("\x1b[");
  });

  test("has colour with --color=always, whatever else is set", async () => {
    const session = start(["list", "--color=always"], { env: { ...nowhere, NO_COLOR: "1", CI: "1" } });
    expect(await session.ended).toBe(1);
    expect(session.raw).toContain("\x1b[31merror:");
  });
});

test("nothing of the place where it is started changes what it does", async () => {
  const env = { NODE_OPTIONS: "--no-such-option", NODE_ENV: "production", LC_ALL: "de_DE.UTF-8", LANG: "de_DE.UTF-8" };
  const session = start(["drian"], { env });
  expect(await session.ended).toBe(2);
  expect(session.text).toContain('error: unknown command "drian" for "kubectl vmnode"\nhint: Did you mean drain?');
});
