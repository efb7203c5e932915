/** Tells why a request failed without naming anybody, for what is pasted into issues. */
import { firstLine } from "../kube/status.ts";
import { type ExpectedError, KubeError, UnreachableError } from "../model/errors.ts";

/** The server's own words, where it has answered, with an ellipsis for what may be a name, or is one of these; and its code. */
export function namelessReason(error: ExpectedError, names: readonly string[]): string {
  if (error.nameless !== undefined) return error.nameless;
  if (error instanceof UnreachableError) return "no answer came";
  if (!(error instanceof KubeError)) return "no credential was accepted";
  const { code, reason } = error.status;
  const words = firstLine(withoutNames(error.message, wordsOf(names)));
  return `${words} (${[code, ...(/^[A-Za-z]+$/.test(reason) ? [reason] : [])].join(" ")})`;
}

const quoted = /"[^"]*"|`[^`]*`|(?<![A-Za-z])'[^']*'/g;
/** Names of objects and of hosts have digits, dashes or dots somewhere, or are quoted; what is read is no prose about one of them. */
const plainWord = /^[([]?(?:[A-Za-z]+|\d{3})[.,:;!?)\]]*$/;

function withoutNames(text: string, names: ReadonlySet<string>): string {
  const isPlain = (word: string) => plainWord.test(word) && !names.has(word.replace(/[^A-Za-z]/g, "").toLowerCase());
  const words = text.replace(quoted, " … ").split(/\s+/);
  return words
    .map((word) => (isPlain(word) ? word : "…"))
    .filter((word, at, all) => word !== "…" || all[at - 1] !== "…")
    .join(" ");
}

function wordsOf(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => name.toLowerCase().match(/[a-z]+/g) ?? []));
}
