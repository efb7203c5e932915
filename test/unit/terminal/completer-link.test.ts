/** The link beside the plugin: where it is made, what it is replaced by, and what it leaves alone. */
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
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
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findCompleterLink, makeCompleterLink } from "../../../lib/terminal/completer-link.ts";

let folder = "";
let plugin = "";
let link = "";

/** As Krew leaves it: a link on the PATH to a file in a folder of its version. */
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "vmnode-link-"));
  mkdirSync(path.join(folder, "bin"));
  mkdirSync(path.join(folder, "store/v1"), { recursive: true });
  writeFileSync(path.join(folder, "store/v1/kubectl-vmnode"), "the plugin");
  chmodSync(path.join(folder, "store/v1/kubectl-vmnode"), 0o755);
  plugin = path.join(folder, "bin/kubectl-vmnode");
  link = path.join(folder, "bin/kubectl_complete-vmnode");
  symlinkSync(path.join(folder, "store/v1/kubectl-vmnode"), plugin);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const search = () => `/nonexistent${path.delimiter}${path.dirname(plugin)}`;
const find = (name = plugin, host = "kubectl") => findCompleterLink({ name, path: search(), host });

describe.skipIf(process.platform === "win32")("the link", () => {
  test("is made beside the plugin's own link, and names it, so that it outlives an upgrade", async () => {
    const before = await find();
    expect(before).toEqual({ plugin, link, state: "missing", leadsTo: undefined, onPath: true, shadowedBy: undefined });
    await makeCompleterLink(before);
    expect(readlinkSync(link)).toBe("kubectl-vmnode");
    expect(readFileSync(link, "utf8")).toBe("the plugin");
    expect((await find()).state).toBe("installed");
  });

  test("is found for a plugin that was started by its bare name", async () => {
    expect(await find("kubectl-vmnode")).toMatchObject({ plugin, link });
  });

  test("has oc's name when oc started us", async () => {
    expect(path.basename((await find(plugin, "oc")).link)).toBe("oc_complete-vmnode");
  });

  test("made twice is made once", async () => {
    await makeCompleterLink(await find());
    const made = lstatSync(link).mtimeMs;
    await makeCompleterLink(await find());
    expect(lstatSync(link).mtimeMs).toBe(made);
  });

  test("that leads to an older version is replaced", async () => {
    symlinkSync(path.join(folder, "store/v0/kubectl-vmnode"), link);
    expect(await find()).toMatchObject({ state: "stale", leadsTo: path.join(folder, "store/v0/kubectl-vmnode") });
    await makeCompleterLink(await find());
    expect(readlinkSync(link)).toBe("kubectl-vmnode");
  });

  test("that leads to this version by another way is left", async () => {
    symlinkSync(path.join(folder, "store/v1/kubectl-vmnode"), link);
    expect((await find()).state).toBe("installed");
  });

  test.each([
    ["a hard link", linkSync],
    ["a copy", copyFileSync],
  ])("may be %s, which kubectl runs as well", async (_kind, make) => {
    make(path.join(folder, "store/v1/kubectl-vmnode"), link);
    expect((await find()).state).toBe("installed");
    const made = lstatSync(link);
    await makeCompleterLink(await find());
    expect(lstatSync(link)).toEqual(made);
    if (make === linkSync) return;
    chmodSync(link, 0o644);
    expect((await find()).state).toBe("foreign");
    writeFileSync(link, "another version", { mode: 0o755 });
    expect((await find()).state).toBe("foreign");
  });

  test("does not replace a file that somebody wrote", async () => {
    writeFileSync(link, "#!/bin/sh\n");
    expect((await find()).state).toBe("foreign");
    await expect(makeCompleterLink(await find())).rejects.toThrow("is a file that this plugin did not make");
    expect(readFileSync(link, "utf8")).toBe("#!/bin/sh\n");
  });

  test("does not replace a link of somebody's own", async () => {
    symlinkSync("/bin/true", link);
    expect((await find()).state).toBe("foreign");
    await expect(makeCompleterLink(await find())).rejects.toThrow("is a file that this plugin did not make");
    expect(readlinkSync(link)).toBe("/bin/true");
  });

  test("is not what kubectl runs where another program of its name comes first", async () => {
    const first = path.join(folder, "first");
    const other = path.join(first, "kubectl_complete-vmnode");
    const onBoth = (folders: readonly string[]) =>
      findCompleterLink({ name: plugin, path: folders.join(path.delimiter), host: "kubectl" });
    const bin = path.dirname(plugin);
    mkdirSync(other, { recursive: true });
    expect(await onBoth([first, bin])).toMatchObject({ shadowedBy: undefined });
    rmSync(other, { recursive: true });
    writeFileSync(other, "#!/bin/sh\n");
    expect(await onBoth([first, bin])).toMatchObject({ shadowedBy: undefined });
    chmodSync(other, 0o755);
    expect(await onBoth([first, bin])).toMatchObject({ shadowedBy: other });
    expect(await onBoth([bin, first])).toMatchObject({ shadowedBy: undefined });
    // The plugin by another way.
    rmSync(other);
    symlinkSync(plugin, other);
    expect(await onBoth([first, bin])).toMatchObject({ shadowedBy: undefined });
  });

  test("is found in a folder that the PATH names by a link, and does not shadow itself there", async () => {
    const linked = path.join(folder, "linked");
    symlinkSync(path.dirname(plugin), linked);
    const there = () => findCompleterLink({ name: plugin, path: linked, host: "kubectl" });
    expect(await there()).toMatchObject({ link, state: "missing", onPath: true, shadowedBy: undefined });
    await makeCompleterLink(await there());
    expect(await there()).toMatchObject({ link, state: "installed", onPath: true, shadowedBy: undefined });
    rmSync(link);
    writeFileSync(link, "somebody's own", { mode: 0o755 });
    expect(await there()).toMatchObject({ link, state: "foreign", onPath: true, shadowedBy: undefined });
  });

  test("is found beside a link to the plugin that was started by its own path", async () => {
    await makeCompleterLink(await find());
    expect(await find(path.join(folder, "store/v1/kubectl-vmnode"))).toMatchObject({
      link,
      state: "installed",
      onPath: true,
      shadowedBy: undefined,
    });
  });

  test("in a folder that is not on the PATH would not be found", async () => {
    expect((await findCompleterLink({ name: plugin, path: "/usr/bin", host: "kubectl" })).onPath).toBe(false);
  });

  test("that cannot be made says why", async () => {
    const lost = { ...(await find()), link: path.join(folder, "missing/link") };
    await expect(makeCompleterLink(lost)).rejects.toThrow(/^cannot make .*ENOENT/);
  });

  // Where not even root may write.
  test.skipIf(process.platform !== "linux")("in a folder that may not be written is left to whoever may", async () => {
    const refused = { ...(await find()), link: "/sys/kubectl_complete-vmnode" };
    await expect(makeCompleterLink(refused)).rejects.toMatchObject({
      message: expect.stringMatching(/^cannot make \/sys\/kubectl_complete-vmnode: you may not write in its folder/),
      hint: expect.stringContaining("completion print"),
    });
  });
});

test.each(["/work/cmd/main.ts", "node", ""])("a program that is no plugin has no link: %s", async (name) => {
  await expect(find(name)).rejects.toThrow("a file called kubectl-vmnode on the PATH");
});
