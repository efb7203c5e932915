/** What we are called: by whom we were started, as help and messages say it again, and in which version. */

/** Put in by the build. */
declare const VMNODE_VERSION: string | undefined;

/** Without a leading `v`. */
export const version = typeof VMNODE_VERSION === "string" ? VMNODE_VERSION : "0.0.0-dev";

/** `oc vmnode` when oc started us, `kubectl vmnode` otherwise (kubectl and oc tell plugins by KUBECTL_PATH, or by the plugin's name). */
export function programName(startedAs: string, env: Readonly<Record<string, string | undefined>>): string {
  const host = baseName(env.KUBECTL_PATH ?? "");
  return host === "oc" || baseName(startedAs).startsWith("oc-") ? "oc vmnode" : "kubectl vmnode";
}

/** Whether kubectl or oc started us to complete a command line (kubectl, `pkg/cmd/plugin/plugin_completion.go`). */
export function isCompleter(startedAs: string): boolean {
  return /^(?:kubectl|oc)_complete-vmnode$/i.test(baseName(startedAs));
}

/** What `--version` prints, in kubectl's words. */
export function versionLine(version: string): string {
  return `Client Version: v${version}`;
}

/** The file's name, without its folder and the ending of Windows, whatever system the path is from. */
function baseName(file: string): string {
  return (file.split(/[\\/]/).at(-1) ?? "").replace(/\.exe$/i, "");
}
