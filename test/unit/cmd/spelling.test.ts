/** kubectl's spellings of flags mean here what they mean there (spf13/pflag's grammar). */
import { describe, expect, test } from "vitest";
import type { Flags } from "../../../cmd/command.ts";
import { firstWord, lastValue, spell } from "../../../cmd/spelling.ts";

const flags: Flags = {
  yes: { kind: "boolean", short: "y", description: "" },
  watch: { kind: "boolean", short: "w", description: "" },
  output: { kind: "string", short: "o", description: "" },
  reason: { kind: "string", description: "" },
  dryRun: { kind: "string", implied: "client", description: "" },
  gracePeriod: { kind: "integer", default: "-1", description: "" },
  password: { kind: "string", hidden: true, description: "" },
};

function spelled(...argv: string[]): string {
  const { flags: given, words, rest } = spell(argv, flags);
  const all = [...given.map(({ name, value }) => `--${name}=${value}`), ...words];
  return [...all, ...(rest.length > 0 ? ["--", ...rest] : [])].join(" | ");
}

test.each([
  [["--reason=bios update", "n1"], "--reason=bios update | n1"],
  [["--reason", "bios update", "n1"], "--reason=bios update | n1"],
  [["--reason", "- broken"], "--reason=- broken"],
  [["--reason", "--yes"], "--reason=--yes"],
  [["--reason=a=b"], "--reason=a=b"],
  [["--reason="], "--reason="],
  [["--grace-period", "-1"], "--grace-period=-1"],
  [["--yes", "n1"], "--yes=true | n1"],
  [["--yes=false", "n1"], "--yes=false | n1"],
  [["--yes", "false"], "--yes=true | false"],
  [["--dry-run", "n1"], "--dry-run=client | n1"],
  [["--dry-run=server", "n1"], "--dry-run=server | n1"],
  [["-o", "json"], "--output=json"],
  [["-ojson"], "--output=json"],
  [["-o=json"], "--output=json"],
  [["-yw"], "--yes=true | --watch=true"],
  [["-ywo", "wide"], "--yes=true | --watch=true | --output=wide"],
  [["-y=false"], "--yes=false"],
  [["n1", "-y", "n2"], "--yes=true | n1 | n2"],
  [["n1", "--", "-y", "--what"], "n1 | -- | -y | --what"],
  [["007", "1e3", "-"], "007 | 1e3 | -"],
  [["-o", "json", "-o", "yaml"], "--output=json | --output=yaml"],
])("%j is read as %j", (argv, expected) => {
  expect(spelled(...argv)).toBe(expected);
});

describe("faults are told in pflag's words", () => {
  test.each([
    [["--raeson=x"], "unknown flag: --raeson", "Did you mean --reason?"],
    [["--passwor=x"], "unknown flag: --passwor", undefined],
    [["--zzzzzz"], "unknown flag: --zzzzzz", undefined],
    [["-yz"], "unknown shorthand flag: 'z' in -yz", undefined],
    [["--reason"], "flag needs an argument: --reason", undefined],
    [["-yo"], "flag needs an argument: 'o' in -yo", undefined],
  ])("%j", (argv, message, hint) => {
    expect(() => spell(argv, flags)).toThrow(expect.objectContaining({ message, hint, exitCode: 2 }));
  });

  test("a flag that was left out on purpose comes with the reason", () => {
    expect(() => spell(["--disable-eviction=true"], flags, { "disable-eviction": "it bypasses budgets" })).toThrow(
      expect.objectContaining({ message: "unknown flag: --disable-eviction", hint: "it bypasses budgets" }),
    );
  });
});

test("the command is the first word that is not the value of a flag", () => {
  expect(firstWord(["-o", "json", "--reason", "x", "-y", "drain", "n1"], flags)).toBe("drain");
  expect(firstWord(["--dry-run", "drain"], flags)).toBe("drain");
  expect(firstWord(["--unknown", "drain"], flags)).toBe("drain");
  expect(firstWord(["-y", "--", "drain"], flags)).toBeUndefined();
});

test("the last value of a flag is found on a command line that is wrong elsewhere", () => {
  expect(lastValue(["--unknown", "-ojson", "-oyaml"], flags, "output")).toBe("yaml");
  expect(lastValue(["--unknown"], flags, "output")).toBeUndefined();
});
