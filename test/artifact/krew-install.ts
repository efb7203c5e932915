/** Installs a plugin from a local manifest and archive by the steps of krew's installer (krew's internal/download and internal/installation). */
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import { load as parse } from "js-yaml";
import { readTar, type TarEntry } from "../../krew/tar.ts";
import { type Manifest, type OsArch, selects } from "./krew-rules.ts";

export interface Installed {
  /** The link in krew's `bin`, which users have on their PATH. */
  readonly link: string;
  /** What is in the plugin's folder. */
  readonly files: readonly string[];
}

/** Does what `kubectl krew install --manifest=… --archive=…` does on such a machine. Throws where krew would fail. */
export function install(krewRoot: string, manifestText: string, archive: Buffer, machine: OsArch): Installed {
  const { metadata, spec } = parse(manifestText) as Manifest;
  const platform = spec.platforms.find((each) => selects(each, machine));
  if (platform === undefined)
    throw new Error(`plugin "${metadata.name}" does not offer installation for this platform`);
  const sum = createHash("sha256").update(archive).digest("hex");
  if (sum !== platform.sha256) throw new Error(`checksum does not match, want: ${platform.sha256}, got ${sum}`);

  const staging = mkdtempSync(path.join(tmpdir(), "krew-downloads-"));
  const store = path.join(krewRoot, "store", metadata.name, spec.version);
  try {
    extract(entriesOf(archive), staging);
    mkdirSync(path.dirname(store), { recursive: true });
    // Without `files` in the manifest krew takes everything.
    cpSync(staging, store, { recursive: true });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  const target = path.join(store, platform.bin);
  if (path.relative(store, target).startsWith("..")) throw new Error(`${target} is outside of ${store}`);
  if (!existsSync(target)) throw new Error(`can't create symbolic link, source binary (${target}) cannot be found`);
  const bin = path.join(krewRoot, "bin");
  mkdirSync(bin, { recursive: true });
  const name = `kubectl-${metadata.name.replaceAll("-", "_")}${machine.os === "windows" ? ".exe" : ""}`;
  symlinkSync(target, path.join(bin, name));
  return { link: path.join(bin, name), files: readdirSync(store) };
}

function extract(entries: Iterable<TarEntry>, directory: string): void {
  for (const { name, mode, data, type } of entries) {
    if (name.includes("..") || /^[/\\]/.test(name)) throw new Error(`refusing to unpack suspicious entry ${name}`);
    const file = path.join(directory, name);
    if (type === "directory") mkdirSync(file, { recursive: true, mode });
    else if (type === "file") {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, data);
      chmodSync(file, mode);
    } else throw new Error(`unable to handle file type ${type} for ${name}`);
  }
}

/** The kind of archive is told by its first bytes. */
function entriesOf(archive: Buffer): Iterable<TarEntry> {
  if (archive.readUInt16BE(0) === 0x1f8b) return readTar(gunzipSync(archive));
  if (archive.toString("latin1", 0, 4) === "PK\x03\x04") return readZip(archive);
  throw new Error("the archive is neither gzip nor zip");
}

function* readZip(archive: Buffer): Generator<TarEntry> {
  const modes = zipModes(archive);
  for (const [name, data] of Object.entries(unzipSync(archive))) {
    const mode = modes.get(name) ?? 0;
    const type = name.endsWith("/") ? "directory" : (mode & 0o170000) === 0o120000 ? "link" : "file";
    yield { name, mode: mode & 0o777, data, type };
  }
}

/** Unix modes from the central directory (PKWARE's APPNOTE 4.3.12). */
function zipModes(archive: Buffer): Map<string, number> {
  const end = archive.lastIndexOf("PK\x05\x06", undefined, "latin1");
  const count = archive.readUInt16LE(end + 10);
  const modes = new Map<string, number>();
  let at = archive.readUInt32LE(end + 16);
  for (let entry = 0; entry < count; entry++) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const name = archive.toString("utf8", at + 46, at + 46 + (nameLength ?? 0));
    modes.set(name, archive.readUInt32LE(at + 38) >>> 16);
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return modes;
}
