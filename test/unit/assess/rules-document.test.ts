/** docs/rules.md has the codes and the rows that the program has. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assessLiveness } from "../../../lib/assess/liveness.ts";
import { findingCodes } from "../../../lib/model/finding.ts";
import { death, dossierOf, readingAt, recoveryOf, signOf, verdictAt } from "./lost-node.ts";
import { oldKubeVirt, recoveryCases } from "./recovery-cases.ts";

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

  it("has the rows of the recovery's table in order, with the outcomes that the program gives", () => {
    const rows = tableUnder("Recovery: the decision table");
    const given = recoveryCases.map(({ row, lost }) => [row, recoveryOf(lost, "a").outcome]);
    const expected = new Map([...given, ["C19", recoveryOf(oldKubeVirt).outcome]] as [string, string][]);
    const numbers = Array.from({ length: 19 }, (_, at) => `C${at + 1}`);
    expect(rows.map(([row]) => row)).toEqual([...numbers, "unknown"]);
    for (const [row = "", , outcome = ""] of rows) expect(outcome.split(": ").at(-1), row).toBe(expected.get(row));
  });

  it("has the periods of the signs of life as the program has them", () => {
    const periods = new Map(
      tableUnder("Recovery: signs of life").map(([sign = "", alive = ""]) => [sign, seconds(alive)]),
    );
    // Told apart from the last breath of the host by a lease that is not known.
    const lonely = { ...death, lease: { kind: "absent" } as const };
    const grade = (source: string, age: number) => {
      const written = -6;
      const reading = readingAt(written + age, { ...lonely, node: "there", containers: written });
      return signOf(assessLiveness(reading), source).grade;
    };
    for (const source of ["virt-handler heartbeat", "container status"]) {
      const period = periods.get(source) ?? Number.NaN;
      expect([grade(source, period), grade(source, period + 1)], source).not.toContain("unknown");
      expect(grade(source, period + 1), source).toBe("silent");
      expect(grade(source, period), source).not.toBe("silent");
    }
    const lease = periods.get("kubelet lease") ?? Number.NaN;
    const leaseAt = (age: number) => signOf(verdictAt(age - 7, death), "kubelet lease").grade;
    expect([leaseAt(lease), leaseAt(lease + 1)]).toEqual(["alive", "silent"]);
  });

  it("names every sign that a dossier has", () => {
    const named = tableUnder("Recovery: signs of life")
      .map(([sign = ""]) => sign)
      .join(", ");
    for (const { source } of dossierOf(oldKubeVirt).signs) expect(named).toContain(source);
  });
});

function seconds(text: string): number {
  return Number(/(\d+) s/.exec(text)?.[1]);
}
