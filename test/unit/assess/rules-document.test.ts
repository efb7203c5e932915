import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findingCodes } from "../../../lib/model/finding.ts";

const document = readFileSync(new URL("../../../docs/rules.md", import.meta.url), "utf8");

/** The rows of the table under a heading, cell by cell. */
function tableUnder(heading: string): string[][] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => line.slice(2, -2).split(" | "));
}

describe("docs/rules.md", () => {
  it("lists every code as the program has it", () => {
    const expected = Object.entries(findingCodes).map(([code, { severity, waivable, meaning }]) => [
      code,
      severity,
      waivable ? "yes" : "no",
      meaning,
    ]);
    expect(tableUnder("The codes of findings")).toEqual(expected);
  });

  it("has the rows of the decision table in order, with codes that exist", () => {
    const rows = tableUnder("The decision table");
    const numbers = Array.from({ length: 22 }, (_, at) => `D${at + 1}`);
    const names = numbers.flatMap((name) => (name === "D18" ? [name, "D18b"] : [name]));
    expect(rows.map(([row]) => row)).toEqual([...names, "unknown"]);
    const words = rows.flatMap((row) => row[3]?.match(/\b[A-Z]\w+[A-Z]\w*\b|\bUnreadable\b/g) ?? []);
    expect(words.filter((word) => !(word in findingCodes))).toEqual([]);
    expect(words.length).toBeGreaterThan(rows.length - 3);
  });
});
