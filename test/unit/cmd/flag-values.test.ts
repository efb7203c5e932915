/** What the texts of flags become, and which texts are refused. */
import { describe, expect, test } from "vitest";
import type { Flags } from "../../../cmd/command.ts";
import { readFlags } from "../../../cmd/flag-values.ts";

const flags = {
  yes: { kind: "boolean", description: "" },
  wait: { kind: "boolean", default: "true", description: "" },
  reason: { kind: "string", description: "" },
  output: { kind: "choice", choices: ["json", "yaml"], description: "" },
  waive: { kind: "list", split: true, description: "" },
  asGroup: { kind: "list", description: "" },
  maxParallel: { kind: "integer", default: "0", atLeast: 0, description: "" },
  gracePeriod: { kind: "integer", default: "-1", description: "" },
  speed: { kind: "number", default: "1", above: 0, description: "" },
  timeout: { kind: "duration", default: "0s", description: "" },
} as const satisfies Flags;

function read(...given: [name: string, ...texts: string[]][]): Record<string, unknown> {
  return readFlags(flags, new Map(given.map(([name, ...texts]) => [name, texts])));
}

test("flags that are not given have their defaults, or are undefined", () => {
  expect(read()).toEqual({
    yes: false,
    wait: true,
    reason: undefined,
    output: undefined,
    waive: [],
    asGroup: [],
    maxParallel: 0,
    gracePeriod: -1,
    speed: 1,
    timeout: 0,
  });
});

test.each([
  [["yes", "true"], { yes: true }],
  [["wait", "F"], { wait: false }],
  [["reason", "first", "last"], { reason: "last" }],
  [["reason", ""], { reason: undefined }],
  [["output", "yaml"], { output: "yaml" }],
  [["waive", "A,B", "C"], { waive: ["A", "B", "C"] }],
  [["as-group", "a,b", "c"], { asGroup: ["a,b", "c"] }],
  [["max-parallel", "3"], { maxParallel: 3 }],
  [["grace-period", "-1"], { gracePeriod: -1 }],
  [["speed", "0.5"], { speed: 0.5 }],
  [["timeout", "1m30s"], { timeout: 90_000 }],
] as [[string, ...string[]], object][])("%j gives %j", (given, expected) => {
  expect(read(given)).toMatchObject(expected);
});

describe("what cannot be read is refused with exit code 2", () => {
  test.each([
    ["yes", "", 'invalid argument "" for "--yes" flag: must be true or false'],
    ["yes", "yes", 'invalid argument "yes" for "--yes" flag: must be true or false'],
    ["output", "xml", 'invalid argument "xml" for "--output" flag: must be one of: json, yaml'],
    ["max-parallel", "two", 'invalid argument "two" for "--max-parallel" flag: must be a whole number'],
    ["max-parallel", "1e1", 'invalid argument "1e1" for "--max-parallel" flag: must be a whole number'],
    ["max-parallel", "-1", 'invalid argument "-1" for "--max-parallel" flag: must be 0 or more'],
    ["speed", "0", 'invalid argument "0" for "--speed" flag: must be a number above 0'],
    ["speed", "fast", 'invalid argument "fast" for "--speed" flag: must be a number above 0'],
    [
      "timeout",
      "5 minutes",
      'invalid argument "5 minutes" for "--timeout" flag: must be a duration such as 90s, 5m or 1h30m',
    ],
    ["timeout", "90", 'invalid argument "90" for "--timeout" flag: must be a duration such as 90s, 5m or 1h30m'],
  ])("--%s=%s", (name, text, message) => {
    expect(() => read([name, text])).toThrow(expect.objectContaining({ message, exitCode: 2 }));
  });
});
