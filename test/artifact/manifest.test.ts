/** The manifest is one that krew and its index take, and the rules that say so can tell. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { load as parse } from "js-yaml";
import { describe, expect, test } from "vitest";
import { root } from "../../krew/bundle.ts";
import { renderManifest } from "../../krew/manifest.ts";
import { archiveName, executableName, platforms } from "../../krew/platforms.ts";
import { brokenRules, type Manifest, selects } from "./krew-rules.ts";

const template = readFileSync(path.join(root, "krew/vmnode.yaml.tmpl"), "utf8");
const asked: string[] = [];
const text = renderManifest(template, "v1.2.3", (archive) => {
  asked.push(archive);
  return "0123456789abcdef".repeat(4);
});
const manifest = parse(text) as Manifest;

test("krew and its index take it", () => {
  expect(brokenRules("vmnode", text)).toEqual([]);
});

describe("a manifest is refused with", () => {
  test.each([
    ["another name", "name: vmnode", "name: vm-node", "the name of the file"],
    ["a version without v", "version: v1.2.3", "version: 1.2.3", "a semantic version with v"],
    ["a version with an empty part", "version: v1.2.3", "version: v1.2.3-a..b", "a semantic version with v"],
    ["a version with a needless zero", "version: v1.2.3", "version: v1.2.3-01", "a semantic version with v"],
    ["a long short description", "VMs off a node", `VMs${" off".repeat(20)}`, /at most 50/],
    ["a full stop", "VMs off a node", "VMs off a node.", /full stop/],
    ["a checksum in capitals", "0123456789abcdef", "0123456789ABCDEF", /64 hexadecimal digits/],
    ["a selector for other things", "os: darwin", "distribution: darwin", "a selector of os and arch only"],
    ["an unknown system", "os: darwin", "os: macos", "a selector that some platform satisfies"],
    ["the same platform twice", "os: darwin", "os: linux", "one platform for linux/amd64"],
    ["an unknown layout", "v1alpha2", "v2", "apiVersion"],
  ])("%s", (_what, from, to, rule) => {
    expect(text).toContain(from);
    expect(brokenRules("vmnode", text.replaceAll(from, to))).toContainEqual(
      typeof rule === "string" ? rule : expect.stringMatching(rule),
    );
  });
});

test("every platform that is built has its archive and its executable in the manifest, Windows on arm64 that of amd64", () => {
  expect(asked.toSorted()).toEqual(platforms.map((platform) => archiveName(platform, "1.2.3")).toSorted());
  for (const platform of [...platforms, { system: "windows", arch: "arm64" } as const]) {
    const found = manifest.spec.platforms.filter((each) => selects(each, { os: platform.system, arch: platform.arch }));
    const built = platform.arch === "arm64" && platform.system === "windows" ? "amd64" : platform.arch;
    expect(found).toHaveLength(1);
    expect(found[0]?.uri).toContain(`/v1.2.3/kubectl-vmnode_v1.2.3_${platform.system}_${built}.`);
    expect(found[0]?.bin).toBe(platform.system === "windows" ? "kubectl-vmnode.exe" : "kubectl-vmnode");
  }
  expect(new Set(platforms.map(executableName))).toEqual(new Set(manifest.spec.platforms.map(({ bin }) => bin)));
});

test("the caveats are three lines that fit krew's box, and speak of commands that there are", async () => {
  const lines = manifest.spec.caveats.trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines.filter((line) => line.length > 78)).toEqual([]);
  const { commands } = await import("../../cmd/commands.ts");
  const named = [...manifest.spec.caveats.matchAll(/kubectl vmnode (\w+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !commands.has(name))).toEqual([]);
});

test("all archives come from the place that the home page names", () => {
  expect(manifest.spec.platforms.filter(({ uri }) => !uri.startsWith(`${manifest.spec.homepage}/releases/`))).toEqual(
    [],
  );
});

test("a template with something that krew-release-bot would fill in and we do not know is refused", () => {
  expect(() => renderManifest("a: {{ .Version }}", "v1.0.0", () => "")).toThrow("{{ .Version }}");
});
