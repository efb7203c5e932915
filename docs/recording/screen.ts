/** A terminal's screen: what a program writes comes in, and the picture that a person would see can be read at any time. */

/** How a piece of text looks: the parameters of the escape sequence that sets it, such as `1` and `31`. */
export type Look = string;

/** Text of one look, as far as it goes on one line. */
export interface Run {
  readonly column: number;
  readonly text: string;
  readonly look: Look;
}

/** The lines of the screen from the top, and where the cursor is unless it is hidden. */
export interface Picture {
  readonly lines: readonly (readonly Run[])[];
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
}

export interface Screen {
  /** Takes what a program has written; a sequence may be cut anywhere. */
  write(text: string): void;
  picture(): Picture;
  /** Whether the program asks to show nothing until the frame is complete (mode 2026). */
  readonly drawing: boolean;
}

interface Cell {
  readonly character: string;
  readonly look: Look;
}

const blank: Cell = { character: " ", look: "" };
const sequence = /^\x1b\[([?>=]?)([\d;]*)([@-~])/;
const unfinished = /^\x1b(?:\[[\d;?>=]*)?$/;

/** An empty screen. Knows the sequences that our program, its prompts and kubectl write; throws for any other. */
export function createScreen(columns: number, rows: number): Screen {
  let grid: Cell[][] = Array.from({ length: rows }, () => []);
  let row = 0;
  let column = 0;
  let saved = { row, column };
  let look: Look = "";
  let cursorShown = true;
  let drawing = false;
  let pending = "";

  const lineFeed = () => {
    if (row < rows - 1) row += 1;
    else grid = [...grid.slice(1), []];
  };
  const put = (character: string) => {
    if (column === columns) {
      column = 0;
      lineFeed();
    }
    const line = grid[row] ?? [];
    while (line.length < column) line.push(blank);
    line[column] = { character, look };
    column += 1;
  };
  const controls: Readonly<Record<string, () => void>> = {
    "\r": () => {
      column = 0;
    },
    "\n": lineFeed,
    "\b": () => {
      column = Math.max(0, column - 1);
    },
    "\x07": () => {},
  };
  const shortActions: Readonly<Record<string, () => void>> = {
    "\x1b7": () => {
      saved = { row, column };
    },
    "\x1b8": () => {
      ({ row, column } = saved);
    },
  };
  const actions: Readonly<Record<string, (parameters: readonly number[]) => void>> = {
    A: ([by = 1]) => {
      row = Math.max(0, row - by);
    },
    B: ([by = 1]) => {
      row = Math.min(rows - 1, row + by);
    },
    C: ([by = 1]) => {
      column = Math.min(columns - 1, column + by);
    },
    D: ([by = 1]) => {
      column = Math.max(0, column - by);
    },
    E: ([by = 1]) => {
      row = Math.min(rows - 1, row + by);
      column = 0;
    },
    G: ([to = 1]) => {
      column = to - 1;
    },
    J: ([part = 0]) => {
      if (part !== 0) throw new Error(`only what is below the cursor can be erased, not part ${part}`);
      grid[row]?.splice(column);
      for (let below = row + 1; below < rows; below += 1) grid[below] = [];
    },
    K: ([part = 0]) => {
      if (part === 2) grid[row] = [];
      else grid[row]?.splice(column);
    },
    m: (parameters) => {
      for (const parameter of parameters.length === 0 ? [0] : parameters) look = changedLook(look, parameter);
    },
  };
  const modes: Readonly<Record<string, (on: boolean) => void>> = {
    "25": (on) => {
      cursorShown = on;
    },
    "2026": (on) => {
      drawing = on;
    },
  };

  const step = (text: string): string => {
    const [first = ""] = text;
    if (first !== "\x1b") {
      const control = controls[first];
      if (control !== undefined) control();
      else put(first);
      return text.slice(first.length);
    }
    const short = shortActions[text.slice(0, 2)];
    if (short !== undefined) {
      short();
      return text.slice(2);
    }
    const found = sequence.exec(text);
    if (found === null) throw new Error(`an unknown sequence: ${JSON.stringify(text.slice(0, 12))}`);
    const [whole, mark, parameters = "", final = ""] = found;
    const numbers = parameters === "" ? [] : parameters.split(";").map(Number);
    if (mark === "?") for (const number of numbers) modes[number]?.(final === "h");
    else if (mark === "") (actions[final] ?? unknown(whole))(numbers);
    return text.slice(whole.length);
  };

  return {
    write(text) {
      pending += text;
      while (pending !== "" && !unfinished.test(pending)) pending = step(pending);
    },
    picture: () => ({ lines: grid.map(runsOf), cursor: cursorShown ? { row, column } : undefined }),
    get drawing() {
      return drawing;
    },
  };
}

function unknown(found: string): never {
  throw new Error(`an unknown sequence: ${JSON.stringify(found)}`);
}

/** Parameters that turn something off; the others add to the look, and a colour takes the place of another. */
function changedLook(look: Look, parameter: number): Look {
  const isColor = (text: string) => /^(?:3|9)\d$/.test(text);
  const parts = look.split(" ").filter((part) => part !== "");
  if (parameter === 0) return "";
  if (parameter === 22) return parts.filter((part) => part !== "1" && part !== "2").join(" ");
  if (parameter === 39) return parts.filter((part) => !isColor(part)).join(" ");
  if (parameter > 22 && parameter < 30) return parts.filter((part) => part !== String(parameter - 20)).join(" ");
  const kept = isColor(String(parameter)) ? parts.filter((part) => !isColor(part)) : parts;
  return [...new Set([...kept, String(parameter)])].sort().join(" ");
}

function runsOf(line: readonly Cell[]): Run[] {
  const runs: { column: number; text: string; look: Look }[] = [];
  for (const [column, { character, look }] of line.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && last.look === look) last.text += character;
    else runs.push({ column, text: character, look });
  }
  return runs.filter(({ text }) => text.trim() !== "").map((run) => ({ ...run, text: run.text.trimEnd() }));
}
