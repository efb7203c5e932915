/**
 * The link by which kubectl asks us for completions: beside the plugin, named as kubectl wants it. Part of how a user's terminal is set up,
 * like the link on PATH by which kubectl finds the plugin itself.
 */
import { constants } from "node:fs";
import { access, copyFile, lstat, readlink, rm, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { ExpectedError } from "../model/errors.ts";

export interface CompleterLink {
  /** The plugin as it was started: a link of Krew's, or the file itself. */
  readonly plugin: string;
  /** Where kubectl finds the link, or would. */
  readonly link: string;
  /** `stale`: a link that leads elsewhere, or the copy of another version; `foreign`: what somebody put there. */
  readonly state: "installed" | "missing" | "stale" | "foreign";
  /** Where a stale link leads. */
  readonly leadsTo: string | undefined;
  /** kubectl finds the folder. */
  readonly onPath: boolean;
  /** Another program of the link's name, which kubectl finds first. */
  readonly shadowedBy: string | undefined;
}

export interface StartedAs {
  /** The first word of the command line, as the shell or kubectl gave it. */
  readonly name: string;
  readonly path: string | undefined;
  /** `kubectl` or `oc`. */
  readonly host: string;
}

/** Where the link is, or would be. Throws ExpectedError when we were not started as a plugin's file. */
export async function findCompleterLink({ name, path: searched, host }: StartedAs): Promise<CompleterLink> {
  const folders = (searched ?? "").split(path.delimiter).filter((folder) => folder !== "");
  const plugin = await pluginFile(name, folders);
  const ending = path.extname(plugin) === ".exe" ? ".exe" : "";
  const beside = path.join(path.dirname(plugin), `${host}_complete-vmnode${ending}`);
  const found = await lookUp(beside, plugin, folders);
  const state = await stateOf(found.link, plugin);
  const leadsTo = state === "stale" ? await readlink(found.link).catch(() => undefined) : undefined;
  return { plugin, state, leadsTo, ...found };
}

/** kubectl runs the first on the PATH (`pkg/cmd/plugin_completion.go`, by Go's `exec.LookPath`). */
async function lookUp(
  beside: string,
  plugin: string,
  folders: readonly string[],
): Promise<Pick<CompleterLink, "link" | "onPath" | "shadowedBy">> {
  let shadowedBy: string | undefined;
  for (const folder of folders) {
    // The PATH may name it by another way.
    if (await sameFile(folder, path.dirname(beside))) return { link: beside, onPath: true, shadowedBy };
    const candidate = path.join(path.resolve(folder), path.basename(beside));
    if (shadowedBy !== undefined || !(await isExecutable(candidate))) continue;
    if (await sameFile(candidate, plugin)) return { link: candidate, onPath: true, shadowedBy };
    shadowedBy = candidate;
  }
  return { link: beside, onPath: false, shadowedBy };
}

/**
 * Makes the link, or replaces a stale one. It names its neighbour and no place further away, so that it stays true when Krew moves
 * the plugin's own link to a new version. Windows, where links take rights that few users have, gets a copy.
 * Throws ExpectedError when something is there that we did not make, or the folder cannot be written.
 */
export async function makeCompleterLink(found: CompleterLink): Promise<void> {
  refuseForeign(found);
  const { plugin, link, state } = found;
  if (state === "installed") return;
  try {
    if (state === "stale") await rm(link);
    if (process.platform === "win32") await copyFile(plugin, link, constants.COPYFILE_FICLONE);
    else await symlink(path.basename(plugin), link);
  } catch (error) {
    throw cannotMake(link, error);
  }
}

const forbidden: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);

function cannotMake(link: string, error: unknown): ExpectedError {
  const { code = "", message = String(error) } = error as NodeJS.ErrnoException;
  if (!forbidden.has(code)) return new ExpectedError(`cannot make ${link}: ${message}`, { cause: error });
  return new ExpectedError(`cannot make ${link}: you may not write in its folder (${code})`, {
    hint: "run the command that 'completion print' prints as whoever may",
    cause: error,
  });
}

/** Throws ExpectedError where a file stands that somebody put there: whatever makes the link would overwrite it. */
export function refuseForeign({ link, state }: CompleterLink): void {
  if (state !== "foreign") return;
  throw new ExpectedError(`${link} is a file that this plugin did not make`, { hint: "remove it, and try again" });
}

async function pluginFile(name: string, folders: readonly string[]): Promise<string> {
  if (!/(?:^|[\\/])(?:kubectl|oc)-vmnode(?:\.exe)?$/i.test(name)) {
    throw new ExpectedError(
      "completion is for the plugin as kubectl finds it: a file called kubectl-vmnode on the PATH",
    );
  }
  if (/[\\/]/.test(name)) return path.resolve(name);
  const candidates = folders.map((folder) => path.join(path.resolve(folder), name));
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  throw new ExpectedError(`${name} is not on the PATH`);
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** Whether both lead to one file, or folder, by links of whatever kind. */
async function sameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((file) => stat(file, { bigint: true }).catch(() => undefined)));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}

async function stateOf(link: string, plugin: string): Promise<CompleterLink["state"]> {
  const found = await lstat(link).catch(() => undefined);
  if (found === undefined) return "missing";
  if (await sameFile(link, plugin)) return "installed";
  // Another version has our name; what has another is somebody's own.
  if (found.isSymbolicLink()) return path.basename(await readlink(link)).includes("vmnode") ? "stale" : "foreign";
  // A copy: another version has another size, nearly always.
  if (found.size === (await stat(plugin)).size && (await isExecutable(link))) return "installed";
  return process.platform === "win32" ? "stale" : "foreign";
}
