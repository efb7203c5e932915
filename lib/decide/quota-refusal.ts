/** What a server says of a pod that a quota refuses, and the command that shows the quota. */
import { addressed } from "../assess/addressed.ts";

export interface QuotaRefusal {
  /** From `exceeded quota:` on. */
  readonly words: string;
  readonly fix: string;
}

/** Undefined for a message that tells of no quota. */
export function quotaRefusal(
  message: string | undefined,
  namespace: string,
  commandFlags: string | undefined,
): QuotaRefusal | undefined {
  const [words, quota] = /exceeded quota: ([^\s,]+).*/.exec(message ?? "") ?? [];
  if (words === undefined) return undefined;
  return { words, fix: addressed(`kubectl describe quota ${quota} -n ${namespace}`, commandFlags) };
}
