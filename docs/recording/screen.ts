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
  return new GridScreen(columns, rows);
}

class GridScreen implements Screen {
  readonly #columns: number;
  readonly #rows: number;
  #grid: Cell[][];
  #row = 0;
  #column = 0;
  #saved = { row: 0, column: 0 };
  #look: Look = "";
  #cursorShown = true;
  #drawing = false;
  #pending = "";

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.#grid = Array.from({ length: rows }, () => []);
  }

  get drawing(): boolean {
    return this.#drawing;
  }

  write(text: string): void {
    this.#pending += text;
    while (this.#pending !== "" && !unfinished.test(this.#pending)) this.#pending = this.#step(this.#pending);
  }

  picture(): Picture {
    const cursor = this.#cursorShown ? { row: this.#row, column: this.#column } : undefined;
    return { lines: this.#grid.map(runsOf), cursor };
  }

  /** Does what the text begins with, and returns the rest. */
  #step(text: string): string {
    const [first = ""] = text;
    if (first !== "\x1b") {
      this.#character(first);
      return text.slice(first.length);
    }
    const short = text.slice(0, 2);
    if (short === "\x1b7" || short === "\x1b8") {
      if (short === "\x1b7") this.#saved = { row: this.#row, column: this.#column };
      else ({ row: this.#row, column: this.#column } = this.#saved);
      return text.slice(short.length);
    }
    const found = sequence.exec(text);
    if (found === null) throw new Error(`an unknown sequence: ${JSON.stringify(text.slice(0, 12))}`);
    const [whole, mark, parameters = "", final = ""] = found;
    const numbers = parameters === "" ? [] : parameters.split(";").map(Number);
    if (mark === "?") for (const number of numbers) this.#mode(number, final === "h");
    else if (mark === "" && !this.#act(final, numbers))
      throw new Error(`an unknown sequence: ${JSON.stringify(whole)}`);
    return text.slice(whole.length);
  }

  #character(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#lineFeed();
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character !== "\x07") this.#put(character);
  }

  #lineFeed(): void {
    if (this.#row < this.#rows - 1) this.#row += 1;
    else this.#grid = [...this.#grid.slice(1), []];
  }

  #put(character: string): void {
    if (this.#column === this.#columns) {
      this.#column = 0;
      this.#lineFeed();
    }
    const line = this.#grid[this.#row] ?? [];
    while (line.length < this.#column) line.push(blank);
    line[this.#column] = { character, look: this.#look };
    this.#column += 1;
  }

  #mode(number: number, on: boolean): void {
    if (number === 25) this.#cursorShown = on;
    if (number === 2026) this.#drawing = on;
  }

  /** Whether the sequence that ends so is known. */
  #act(final: string, parameters: readonly number[]): boolean {
    const [first] = parameters;
    const by = first ?? 1;
    switch (final) {
      case "A":
        this.#row = Math.max(0, this.#row - by);
        return true;
      case "B":
        this.#row = Math.min(this.#rows - 1, this.#row + by);
        return true;
      case "C":
        this.#column = Math.min(this.#columns - 1, this.#column + by);
        return true;
      case "D":
        this.#column = Math.max(0, this.#column - by);
        return true;
      case "E":
        this.#row = Math.min(this.#rows - 1, this.#row + by);
        this.#column = 0;
        return true;
      case "G":
        this.#column = by - 1;
        return true;
      case "J":
        this.#eraseBelow(first ?? 0);
        return true;
      case "K":
        this.#eraseLine(first ?? 0);
        return true;
      case "m":
        for (const parameter of parameters.length === 0 ? [0] : parameters)
          this.#look = changedLook(this.#look, parameter);
        return true;
      default:
        return false;
    }
  }

  #eraseBelow(part: number): void {
    if (part !== 0) throw new Error(`only what is below the cursor can be erased, not part ${part}`);
    this.#grid[this.#row]?.splice(this.#column);
    for (let below = this.#row + 1; below < this.#rows; below += 1) this.#grid[below] = [];
  }

  #eraseLine(part: number): void {
    if (part === 2) this.#grid[this.#row] = [];
    else this.#grid[this.#row]?.splice(this.#column);
  }
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
