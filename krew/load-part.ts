/** Loads a part of the program: out of the executable, or where Node runs the bundles, from beside them. Bundled with whoever needs the part. */
import { readFileSync } from "node:fs";
import { getRawAsset, isSea } from "node:sea";
import { Script } from "node:vm";

type Require = (name: string) => unknown;
type Part = (exports: object, require: Require, module: object, filename: string, directory: string) => void;

/** The asset with V8's code cache of a part; empty where there is none. */
export function codeCacheOf(file: string): string {
  return `${file}.cache`;
}

const loaded = new Map<string, object>();

/** What the part exports. `shared` are modules that are not the part's own, but the caller's. */
export function loadPart(file: string, require: Require, shared: Readonly<Record<string, unknown>>): object {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const filename = `${__dirname}/${file}`;
  const read = (name: string) => (isSea() ? Buffer.from(getRawAsset(name)) : readFileSync(`${__dirname}/${name}`));
  const cachedData = isSea() ? read(codeCacheOf(file)) : Buffer.alloc(0);
  // Bundles are ASCII, of which V8 makes a text without looking at each character.
  const script = new Script(read(file).toString("latin1"), {
    filename,
    ...(cachedData.length > 0 ? { cachedData } : {}),
  });
  const module = { exports: {} };
  (script.runInThisContext() as Part)(
    module.exports,
    (name) => shared[name] ?? require(name),
    module,
    filename,
    __dirname,
  );
  loaded.set(file, module.exports);
  return module.exports;
}
