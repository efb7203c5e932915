/** The licences of everything that the executable contains besides our own code: the packages in the bundles, and Node. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Metafile } from "esbuild";
import { root } from "./bundle.ts";

/** A package of which at least one byte is in a bundle. */
export interface BundledPackage {
  /** Folder below the project's root; a package may be there in several versions. */
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** The texts of its licence files. */
  readonly texts: readonly string[];
}

/** The packages from which esbuild took code, by name. Throws for one that comes without the text of its licence. */
export function bundledPackages(metafiles: readonly Metafile[]): readonly BundledPackage[] {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs)),
  );
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  const directories = new Set(used.flatMap((file) => /^(?:.*node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  return [...directories].sort().map(readPackage);
}

function readPackage(directory: string): BundledPackage {
  const folder = path.join(root, directory);
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file))
    .sort();
  const texts = files.map((file) => readFileSync(path.join(folder, file), "utf8").trim());
  if (texts.length === 0) throw new Error(`${name} ${version} (${license}) comes without the text of its licence`);
  return { directory, name, version, license, texts };
}

/** The text of THIRD-PARTY-NOTICES without Node's part: the packages, and the remarks in their code that ask to be kept. */
export function noticesText(packages: readonly BundledPackage[], bundles: string): string {
  const remarks = readdirSync(bundles)
    .filter((file) => file.endsWith(".LEGAL.txt"))
    .sort();
  return [
    "This program contains the following software.",
    ...packages.map(({ name, version, license, texts }) => section(`${name} ${version} (${license})`, texts)),
    ...remarks.map((file) => section("Remarks in the code", [readFileSync(path.join(bundles, file), "utf8").trim()])),
  ].join("\n\n");
}

/** Node's own licence, which contains those of the libraries that it is made of. */
export function nodeNotice(version: string, license: string): string {
  if (!existsSync(license)) throw new Error(`Node's licence is not at ${license}`);
  return section(`Node.js ${version}`, [readFileSync(license, "utf8").trim()]);
}

function section(title: string, texts: readonly string[]): string {
  return ["=".repeat(80), title, "=".repeat(80), ...texts].join("\n\n");
}
