/** Command lines that are advised reach the same cluster and ask for the same. */
import { expect, test } from "vitest";
import { commandLine, commandOn, quoted } from "../../../cmd/command-line.ts";
import { drain } from "../../../cmd/definitions/drain.ts";
import { uncordon } from "../../../cmd/definitions/uncordon.ts";
import { readFlags } from "../../../cmd/flag-values.ts";
import { connectionFlags } from "../../../cmd/flags/connection.ts";

function again(flags: Readonly<Record<string, readonly string[]>>): string {
  const options = readFlags(drain.flags, new Map(Object.entries(flags)));
  return commandLine("kubectl vmnode", drain, { words: ["worker-1"], options }, ["yes"]);
}

test("flags at their defaults are left out, and so are those of the screen", () => {
  expect(again({})).toBe("kubectl vmnode drain worker-1");
  expect(again({ v: ["4"], color: ["always"], output: ["json"], yes: ["true"] })).toBe("kubectl vmnode drain worker-1");
});

test("a flag that is usually on is written where it is off", () => {
  const line = (given: Readonly<Record<string, readonly string[]>>) =>
    commandLine("kubectl vmnode", uncordon, {
      words: ["worker-1"],
      options: readFlags(uncordon.flags, new Map(Object.entries(given))),
    });
  expect(line({})).toBe("kubectl vmnode uncordon worker-1");
  expect(line({ wait: ["false"] })).toBe("kubectl vmnode uncordon worker-1 --wait=false");
});

test("what was asked for is asked for again, quoted for a shell", () => {
  const flags = { "skip-blocked": ["true"], waive: ["ExternalStrategy"], timeout: ["1m30s"], reason: ["it's old"] };
  expect(again(flags)).toBe(
    "kubectl vmnode drain worker-1 --waive=ExternalStrategy --reason='it'\\''s old' --skip-blocked --timeout=90s",
  );
});

test("a duration is written so that it can be read again, however short", () => {
  expect(again({ timeout: ["1ns"] })).toBe("kubectl vmnode drain worker-1 --timeout=0.001s");
});

test("another command goes to the same cluster, and secrets stay unsaid", () => {
  const server = ["https://jane:secret@10.0.0.1"];
  const flags = { context: ["prod"], "as-group": ["a", "b"], token: ["secret"], server };
  const options = readFlags(connectionFlags, new Map(Object.entries(flags))) as Parameters<typeof commandOn>[3];
  expect(commandOn("oc vmnode", "abort", "worker-1", options)).toBe(
    "oc vmnode abort worker-1 --as-group=a --as-group=b --context=prod --server=https://10.0.0.1 --token=…",
  );
});

test("a word is quoted only where a shell would take it apart", () => {
  expect(["a-b.c/d=1", "a b", ""].map(quoted)).toEqual(["a-b.c/d=1", "'a b'", "''"]);
});
