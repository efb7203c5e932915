/** The flags that commands share: nodes, waivers and the connection. */
import { describe, expect, test } from "vitest";
import { commands } from "../../../cmd/commands.ts";
import { readFlags } from "../../../cmd/flag-values.ts";
import { connectionFlags, connectionOptions } from "../../../cmd/flags/connection.ts";
import { waivedCodes } from "../../../cmd/flags/drain-scope.ts";
import { chosenNodes, nodeNames, rejectNamespace } from "../../../cmd/flags/nodes.ts";

describe("nodes", () => {
  test("are named with or without their kind, and count once", () => {
    expect(nodeNames(["worker-1", "node/worker-2", "nodes/worker-3", "no/worker-4", "node/worker-1", "007"])).toEqual([
      "worker-1",
      "worker-2",
      "worker-3",
      "worker-4",
      "007",
    ]);
  });

  test.each([
    ["pod/x", '"pod/x" is not a node; name nodes as NODE or node/NODE'],
    ["node/", '"node/" is not the name of a node'],
    ["node/a/b", '"node/a/b" is not the name of a node'],
  ])("%s is refused", (word, message) => {
    expect(() => nodeNames([word])).toThrow(message);
  });

  test("are named or selected, never both and never neither, in the words of kubectl drain", () => {
    expect(() => chosenNodes("check", { words: ["a"], selector: "x=y" })).toThrow(
      "cannot specify both a node name and a --selector option",
    );
    expect(() => chosenNodes("check", { words: [], selector: undefined })).toThrow("USAGE: check NODE [flags]");
    expect(chosenNodes("check", { words: [], selector: "x=y" })).toEqual({ names: [], selector: "x=y" });
  });

  test("are looked at in all namespaces", () => {
    expect(() => rejectNamespace("check", { namespace: "prod" })).toThrow(
      "check looks at the VMs of all namespaces: it takes no --namespace",
    );
  });
});

describe("waivers", () => {
  test("name findings that can be waived", () => {
    expect([...waivedCodes(["ExternalStrategy", "Unreadable"])]).toEqual(["ExternalStrategy", "Unreadable"]);
  });

  test.each([
    ["Nonsense", '--waive: there is no code "Nonsense"'],
    ["NotLiveMigratable", "--waive: NotLiveMigratable cannot be waived: a blocker cannot be waived, only left behind"],
    ["DisksCopied", "--waive: DisksCopied cannot be waived: nothing needs to be waived"],
    ["toString", '--waive: there is no code "toString"'],
  ])("%s is refused", (code, message) => {
    expect(() => waivedCodes([code])).toThrow(expect.objectContaining({ message, exitCode: 2 }));
  });
});

test("a --insecure-skip-tls-verify that was not given leaves the kubeconfig's word", () => {
  const options = readFlags(connectionFlags, new Map()) as Parameters<typeof connectionOptions>[0];
  expect(connectionOptions(options).insecureSkipTlsVerify).toBeUndefined();
});

test("a flag means the same in every command that has it", () => {
  const seen = new Map<string, string>();
  for (const { definition } of commands.values()) {
    for (const [key, flag] of Object.entries(definition.flags)) {
      const shape = JSON.stringify([flag.kind, flag.short, "implied" in flag ? flag.implied : undefined]);
      expect(shape, `--${key} of ${definition.name}`).toBe(seen.get(key) ?? shape);
      seen.set(key, shape);
    }
  }
});

test("no two flags of a command have the same letter", () => {
  for (const { definition } of commands.values()) {
    const letters = Object.values(definition.flags).flatMap((flag) => ("short" in flag ? [flag.short] : []));
    expect(letters, definition.name).toEqual([...new Set(letters)]);
  }
});
