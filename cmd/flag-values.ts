/** Reads the text of a flag as the value of its option, and refuses in pflag's words what cannot be read. */
import { parseGoDuration } from "../lib/model/duration.ts";
import { UsageError } from "../lib/model/errors.ts";
import type { Flag, Flags } from "./command.ts";
import { flagName } from "./command.ts";

/** The options of all `flags`, from the texts that were given for each, in order; of a repeated scalar the last one counts. */
export function readFlags(flags: Flags, given: ReadonlyMap<string, readonly string[]>): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [key, flag] of Object.entries(flags)) {
    const texts = given.get(flagName(key)) ?? [];
    if (flag.kind === "list") {
      options[key] = texts.flatMap((text) => (flag.split ? text.split(",") : [text])).filter((text) => text !== "");
    } else {
      const text = texts.at(-1) ?? flag.default ?? (flag.kind === "boolean" ? "false" : "");
      options[key] = text === "" && flag.kind !== "boolean" ? undefined : readValue(flagName(key), flag, text);
    }
  }
  return options;
}

function readValue(name: string, flag: Exclude<Flag, { kind: "list" }>, text: string): unknown {
  switch (flag.kind) {
    case "string":
      return text;
    case "boolean":
      return readBoolean(name, text);
    case "choice":
      if (flag.choices.includes(text)) return text;
      throw invalid(name, text, `must be one of: ${flag.choices.join(", ")}`);
    case "integer":
      return readInteger(name, flag.atLeast, text);
    case "number": {
      const value = Number(text);
      const above = flag.above ?? Number.NEGATIVE_INFINITY;
      if (Number.isFinite(value) && value > above) return value;
      throw invalid(name, text, flag.above === undefined ? "not a number" : `must be a number above ${flag.above}`);
    }
    case "duration": {
      const milliseconds = parseGoDuration(text);
      if (milliseconds !== undefined) return milliseconds;
      throw invalid(name, text, "must be a duration such as 90s, 5m or 1h30m");
    }
  }
}

/** The spellings of Go's `strconv.ParseBool`, which pflag uses. */
function readBoolean(name: string, text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw invalid(name, text, "must be true or false");
}

function readInteger(name: string, atLeast: number | undefined, text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) throw invalid(name, text, "must be a whole number");
  if (atLeast !== undefined && value < atLeast) throw invalid(name, text, `must be ${atLeast} or more`);
  return value;
}

function invalid(name: string, text: string, why: string): UsageError {
  return new UsageError(`invalid argument ${JSON.stringify(text)} for "--${name}" flag: ${why}`);
}
