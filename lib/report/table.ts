/** Tables in kubectl's manner: upper-case headers, three spaces between columns, no borders. */
import Table from "cli-table3";
import { sanitise } from "./sanitise.ts";
import { type Layout, plain, type Tone } from "./style.ts";
import { clip, width } from "./width.ts";

export interface Column {
  readonly header: string;
  readonly align?: "left" | "right" | undefined;
  /** May be cut when the table is wider than the terminal; "last": when no column is left that could go. */
  readonly elastic?: boolean | "last" | undefined;
  /** On a terminal that is too narrow, columns with this go, the lowest first. */
  readonly goes?: number | undefined;
  /** What the cell means. */
  readonly tone?: ((cell: string) => Tone | undefined) | undefined;
}

/** Undefined and empty cells are printed as kubectl does: `<none>`. */
export type Cell = string | number | undefined;

/** Without a width nothing is ever cut. */
export interface TableOptions extends Layout {
  readonly headers?: boolean | undefined;
}

const gap = 3;
/** The narrowest an elastic column becomes. */
const narrowest = 8;
/** cli-table3 takes quadratic time in its rows. */
const rowsAtATime = 50;
/** As wide as it is long, and without anything that has to be measured. */
const plainText = /^[\x20-\x7e]*$/;
const noBorders = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"],
    ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
  ].map((name) => [name, ""]),
);

/** The lines of a table, without trailing spaces. Cells are sanitised here. */
export function table(
  columns: readonly (Column | string)[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): string[] {
  const style = options.style ?? plain;
  const layout = columns.map((column): Column => (typeof column === "string" ? { header: column } : column));
  const headers = options.headers === false ? [] : [layout.map((column) => column.header)];
  const texts = [...headers, ...rows.map((row) => layout.map((_column, index) => cellText(row[index])))];
  const widths = columnWidths(layout, texts, options.columns);
  const shown = texts.map((row, index) =>
    row.map((cell, at) => {
      const text = clip(cell, widths[at] ?? 0);
      const tone = index < headers.length ? undefined : layout[at]?.tone?.(cell);
      return tone === undefined ? text : style(tone, text);
    }),
  );
  return draw(shown, layout, widths);
}

/** Cut to less than this an elastic column tells nothing any more, and a column that may go does so instead. */
const stillTelling = 14;

/**
 * The columns that have room on a terminal of this width, with their cells, and the headers of those that have not. In a pipe
 * (no width) nothing goes.
 */
export function fitColumns(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  limit: number | undefined,
): {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly gone: readonly string[];
} {
  const needed = columns.map((column, at) => {
    const widest = rows.reduce((most, row) => Math.max(most, width(cellText(row[at]))), width(column.header));
    return column.elastic === true ? Math.min(widest, stillTelling) : widest;
  });
  let total = needed.reduce((sum, columnWidth) => sum + columnWidth + gap, -gap);
  const gone = new Set<Column>();
  const candidates = columns
    .filter(({ goes }) => goes !== undefined)
    .sort((left, right) => (left.goes ?? 0) - (right.goes ?? 0));
  for (const column of candidates) {
    if (limit === undefined || total <= limit) break;
    gone.add(column);
    total -= (needed[columns.indexOf(column)] ?? 0) + gap;
  }
  const stays = (_: unknown, at: number) => !gone.has(columns[at] as Column);
  return {
    columns: columns.filter(stays),
    rows: rows.map((row) => row.filter(stays)),
    gone: columns.filter((column) => gone.has(column)).map(({ header }) => header),
  };
}

function cellText(cell: Cell): string {
  return cell === undefined || cell === "" ? "<none>" : sanitise(String(cell));
}

function columnWidths(layout: readonly Column[], rows: readonly (readonly string[])[], limit?: number): number[] {
  const widths = layout.map((_column, at) => rows.reduce((widest, row) => Math.max(widest, width(row[at] ?? "")), 0));
  if (limit === undefined) return widths;
  let excess = widths.reduce((sum, columnWidth) => sum + columnWidth + gap, -gap) - limit;
  // From the right: names stand on the left.
  for (let at = layout.length - 1; at >= 0 && excess > 0; at--) {
    const spare = (widths[at] ?? 0) - Math.max(narrowest, width(layout[at]?.header ?? ""));
    if (!layout[at]?.elastic || spare <= 0) continue;
    const cut = Math.min(spare, excess);
    widths[at] = (widths[at] ?? 0) - cut;
    excess -= cut;
  }
  return widths;
}

/** Coloured and wide text is left to cli-table3; what is plain is filled up here, in a hundredth of its time. */
function draw(rows: readonly (readonly string[])[], layout: readonly Column[], widths: readonly number[]): string[] {
  const isPlain = (row: readonly string[]) => row.every((cell) => plainText.test(cell));
  const others = rows.filter((row) => !isPlain(row));
  const drawn: string[] = [];
  for (let start = 0; start < others.length; start += rowsAtATime)
    drawn.push(...drawByTable(others.slice(start, start + rowsAtATime), layout, widths));
  const next = drawn.values();
  return rows.map((row) => (isPlain(row) ? fillUp(row, layout, widths) : (next.next().value ?? "")));
}

function fillUp(row: readonly string[], layout: readonly Column[], widths: readonly number[]): string {
  const cells = row.map((cell, at) =>
    layout[at]?.align === "right" ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
  );
  return cells.join(" ".repeat(gap)).trimEnd();
}

function drawByTable(
  rows: readonly (readonly string[])[],
  layout: readonly Column[],
  widths: readonly number[],
): string[] {
  const drawing = new Table({
    chars: noBorders,
    colWidths: widths.map((columnWidth) => columnWidth + gap),
    colAligns: layout.map((column) => column.align ?? "left"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": gap },
  });
  drawing.push(...rows.map((row) => [...row]));
  return drawing
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}
