/** Tables look like kubectl's, at any size. */
import { describe, expect, test } from "vitest";
import { table } from "../../../lib/report/table.ts";
import { width } from "../../../lib/report/width.ts";

describe("a table", () => {
  test("has upper-case headers, three spaces between columns and no trailing spaces", () => {
    const lines = table(
      ["NODE", "STATUS", { header: "VMS", align: "right" }, "AGE"],
      [
        ["worker-1", "Ready", 19, "41d"],
        ["worker-3", "Ready,SchedulingDisabled", 0, "2m10s"],
      ],
    );
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "NODE       STATUS                     VMS   AGE
      worker-1   Ready                       19   41d
      worker-3   Ready,SchedulingDisabled     0   2m10s"
    `);
  });

  test("says <none> for what is empty or absent", () => {
    expect(table(["A", "B", "C"], [["", undefined]])).toEqual(["A        B        C", "<none>   <none>   <none>"]);
  });

  test("aligns wide characters and emoji", () => {
    const lines = table(
      ["NAME", "X"],
      [
        ["虚拟机", "1"],
        ["👩‍🔧", "2"],
        ["plain", "3"],
      ],
    );
    expect(lines.slice(1).map((line) => width(line.slice(0, -1)))).toEqual([9, 9, 9]);
  });

  test("makes escape sequences in cells visible", () => {
    expect(table(["A", "B"], [["\x1b[2J", "x\ny"]])).toEqual(["A       B", "^[[2J   x\\ny"]);
  });

  test("without rows shows its headers, without headers its rows", () => {
    expect(table(["A", "B"], [])).toEqual(["A   B"]);
    expect(table(["A", "B"], [["1", "2"]], { headers: false })).toEqual(["1   2"]);
    expect(table(["A"], [], { headers: false })).toEqual([]);
  });

  test("is cut only on a terminal, and only in elastic columns, the rightmost first", () => {
    const columns = ["NAME", { header: "WHY", elastic: true }, { header: "MORE", elastic: true }];
    const rows = [["a-name-that-is-long-and-stays", "a long reason that may be cut", "another reason that goes first"]];
    expect(table(columns, rows)[1]).toContain("another reason that goes first");
    const lines = table(columns, rows, { columns: 60 });
    expect(lines).toMatchInlineSnapshot(`
      [
        "NAME                            WHY                 MORE",
        "a-name-that-is-long-and-stays   a long reason th…   another…",
      ]
    `);
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(60);
  });

  test("colours a cell by its meaning, never its header, and stays aligned", () => {
    const columns = [{ header: "READY", tone: (cell: string) => (cell === "no" ? ("bad" as const) : undefined) }, "X"];
    expect(
      table(
        columns,
        [
          ["no", "1"],
          ["yes", "2"],
        ],
        { style: (_tone, text) => `\x1b[31m${text}\x1b[39m` },
      ),
    ).toEqual(["READY   X", "\x1b[31mno\x1b[39m      1", "yes     2"]);
  });

  test("draws plain rows as it draws those that have to be measured", () => {
    const columns = ["NAME", { header: "VMS", align: "right" as const }, "WHY"];
    const rows = [
      ["worker-1", 19, "none"],
      ["worker-2", 0, "x".repeat(30)],
    ];
    const wide = table(columns, [["é", 100, "y"], ...rows]);
    const narrow = table(columns, [["e", 100, "y"], ...rows]);
    expect(wide.map((line) => line.replace("é", "e"))).toEqual(narrow);
    const coloured = [columns[0], columns[1], { header: "WHY", tone: () => "warn" as const }].map(
      (column) => column ?? "",
    );
    const lines = table(coloured, rows, { style: (_tone, text) => `\x1b[33m${text}\x1b[39m` });
    expect(lines.map((line) => line.replaceAll(/\x1b\[\d+m/g, ""))).toEqual(table(columns, rows));
  });

  test("of many rows has the same widths from the first to the last", () => {
    const rows = Array.from({ length: 1_000 }, (_none, index) => [`vm-${index}`, "x"]);
    const lines = table(["NAME", "X"], rows);
    expect(lines).toHaveLength(1_001);
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set(["vm-999   x".length]));
  });
});
