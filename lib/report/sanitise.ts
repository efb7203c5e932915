/** Makes harmless what came from the cluster: control characters and escape sequences become visible, nothing else changes. */

/**
 * Controls (C0, DEL, C1), invisible format characters (those that reverse the direction of text among them), line separators
 * and lone surrogates. Not the joiners, which scripts and emoji need.
 */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu;

/**
 * One line of text that a terminal prints as it is. ESC is shown as `^[` and a carriage return as `\r`, as kubectl does
 * (k8s.io/cli-runtime/pkg/printers/terminal.go). Doing it twice changes nothing more.
 */
export function sanitise(text: string): string {
  return text.replace(unsafe, visible);
}

/** The same data with every string in it sanitised, keys included. What a layout prints, it takes from here. */
export function sanitised<T>(data: T): T {
  return copy(data) as T;
}

function copy(value: unknown): unknown {
  if (typeof value === "string") return sanitise(value);
  if (Array.isArray(value)) return value.map(copy);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [sanitise(key), copy(field)]));
}

function visible(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
  if (code === 0x7f) return "^?";
  return `\\u{${code.toString(16)}}`;
}
