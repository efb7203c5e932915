/** The headers of our requests and the meaning of those that come back. */
import type { UserEntry } from "./kubeconfig.ts";

/** Impersonation as client-go sends it: each group is a header of its own. */
export function impersonationHeaders(
  user: Pick<UserEntry, "as" | "asUid" | "asGroups" | "asUserExtra">,
): Record<string, string | string[]> {
  if (user.as === undefined) return {};
  const extra = Object.entries(user.asUserExtra ?? {}).map(([key, values]): [string, string[]] => [
    `Impersonate-Extra-${escapedKey(key)}`,
    [...values],
  ]);
  return {
    "Impersonate-User": user.as,
    ...(user.asUid !== undefined && { "Impersonate-Uid": user.asUid }),
    ...(user.asGroups !== undefined && { "Impersonate-Group": [...user.asGroups] }),
    ...Object.fromEntries(extra),
  };
}

/** client-go's `headerKeyEscape`: bytes that no header name may have, and the percent sign, become %XX. */
function escapedKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+\-.^_`|~]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

/** Texts of `Warning: 299 agent "text"` headers (k8s.io/apimachinery `net.ParseWarningHeaders`). */
export function warningTexts(header: string | string[] | undefined): readonly string[] {
  const joined = Array.isArray(header) ? header.join(", ") : (header ?? "");
  return [...joined.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? "").replace(/\\(.)/g, "$1"));
}

const systems: Readonly<Record<string, string>> = { win32: "windows" };
const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** `linux/amd64`: Kubernetes' own names for systems and architectures. */
export function platformName(platform: string, arch: string): string {
  return `${systems[platform] ?? platform}/${architectures[arch] ?? arch}`;
}

/** `kubectl-vmnode/1.2.3 (linux/amd64)` */
export function userAgent(version: string, platform: string, arch: string): string {
  return `kubectl-vmnode/${version} (${platformName(platform, arch)})`;
}
