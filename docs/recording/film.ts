/** Pictures of a screen, one after the other, as an SVG that plays by itself: no script, no font, nothing from elsewhere. */
import type { Picture, Run } from "./screen.ts";

export interface Frame {
  /** Seconds from the start of the film. */
  readonly at: number;
  readonly picture: Picture;
}

export interface FilmOptions {
  readonly columns: number;
  readonly rows: number;
  /** Seconds that the film lasts, before it begins again. */
  readonly length: number;
  /** What it shows, for whoever cannot see it. */
  readonly title: string;
}

/** In pixels; a character's width is forced upon whatever font is there. */
const character = { width: 8.4, height: 18, size: 14, baseline: 13.5 } as const;
const margin = { side: 16, top: 40, bottom: 14 } as const;

/** The film as SVG; the frames are in order, and the last one stays until `length`. */
export function film(frames: readonly Frame[], { columns, rows, length, title }: FilmOptions): string {
  const stepWidth = Math.ceil(columns * character.width) + 2 * margin.side;
  const height = rows * character.height + margin.top + margin.bottom;
  const drawn = drawFrames(frames, stepWidth);
  const steps = frames.map(
    ({ at }, index) => `${round((100 * at) / length)}%{transform:translateX(-${index * stepWidth}px)}`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${stepWidth} ${height}" width="${stepWidth}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${styleSheet(steps.join(""), length, (frames.length - 1) * stepWidth)}</style>`,
    `<defs>${drawn.definitions.join("\n")}</defs>`,
    `<rect class="w" x=".5" y=".5" width="${stepWidth - 1}" height="${height - 1}" rx="8"/>`,
    ...["r", "y", "g"].map((name, index) => `<circle class="${name}" cx="${20 + 18 * index}" cy="20" r="5.5"/>`),
    `<svg x="${margin.side}" y="${margin.top}" width="${stepWidth - 2 * margin.side}" height="${height - margin.top}">`,
    `<g class="film">${drawn.frames.join("\n")}</g>`,
    "</svg>",
    "</svg>",
    "",
  ].join("\n");
}

function styleSheet(steps: string, length: number, end: number): string {
  const light = {
    paper: "#fff",
    edge: "#d0d7de",
    ink: "#1f2328",
    faint: "#656d76",
    red: "#cf222e",
    green: "#1a7f37",
    yellow: "#9a6700",
    blue: "#0969da",
    cyan: "#1b7c83",
  };
  const dark: typeof light = {
    paper: "#0d1117",
    edge: "#30363d",
    ink: "#e6edf3",
    faint: "#8b949e",
    red: "#ff7b72",
    green: "#3fb950",
    yellow: "#d29922",
    blue: "#58a6ff",
    cyan: "#39c5cf",
  };
  const declared = (colors: typeof light) =>
    Object.entries(colors)
      .map(([name, value]) => `--${name}:${value}`)
      .join(";");
  return [
    `svg{${declared(light)}}@media(prefers-color-scheme:dark){svg{${declared(dark)}}}`,
    `text{font:${character.size}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:var(--ink);white-space:pre}`,
    ".w{fill:var(--paper);stroke:var(--edge)}.r{fill:#ff5f57}.y{fill:#febc2e}.g{fill:#28c840}.c{fill:var(--faint)}",
    ".l1{font-weight:600}.l2{fill:var(--faint)}.l31{fill:var(--red)}.l32{fill:var(--green)}.l33{fill:var(--yellow)}.l34{fill:var(--blue)}.l36{fill:var(--cyan)}.l90{fill:var(--faint)}.l4{text-decoration:underline}",
    // Where nothing moves, it shows its end.
    `@keyframes film{${steps}}.film{transform:translateX(-${end}px);animation:film ${round(length)}s step-end infinite}`,
    "@media(prefers-reduced-motion:reduce){.film{animation:none}}",
  ].join("\n");
}

interface DrawnFrames {
  /** Lines, and the upper parts of screens that several frames share. */
  readonly definitions: readonly string[];
  /** One group a frame, side by side. */
  readonly frames: readonly string[];
}

/** Each line is drawn once, and so is what a frame has in common with the one before it: the lines above the first change. */
function drawFrames(frames: readonly Frame[], stepWidth: number): DrawnFrames {
  const definitions = new Map<string, { readonly id: string; readonly markup: string }>();
  const define = (markup: string): string => {
    const known = definitions.get(markup);
    if (known !== undefined) return known.id;
    const id = definitions.size.toString(36);
    definitions.set(markup, { id: `_${id}`, markup });
    return `_${id}`;
  };
  const place = (line: readonly Run[], row: number): string =>
    line.length === 0 ? "" : `<use href="#${define(lineMarkup(line))}" y="${row * character.height}"/>`;
  const drawn = frames.map(({ picture }, index) => {
    const lines = picture.lines.map(place);
    const neighbours = [frames[index - 1], frames[index + 1]].flatMap((frame) =>
      frame ? [frame.picture.lines.map(place)] : [],
    );
    const shared = Math.max(0, ...neighbours.map((other) => commonStart(lines, other)));
    const upper = lines.slice(0, shared).join("");
    const top = shared < 3 || upper === "" ? upper : `<use href="#${define(upper)}"/>`;
    const { cursor } = picture;
    const block = cursor
      ? `<rect class="c" x="${round(cursor.column * character.width)}" y="${cursor.row * character.height}" width="8" height="17"/>`
      : "";
    return `<g transform="translate(${index * stepWidth})">${top}${lines.slice(shared).join("")}${block}</g>`;
  });
  return {
    definitions: [...definitions.values()].map(({ id, markup }) => `<g id="${id}">${markup}</g>`),
    frames: drawn,
  };
}

function commonStart(one: readonly string[], other: readonly string[]): number {
  const change = one.findIndex((line, row) => line !== other[row]);
  return change < 0 ? one.length : change;
}

function lineMarkup(line: readonly Run[]): string {
  return line
    .map(({ column, text, look }) => {
      const start = column + (text.length - text.trimStart().length);
      const shown = text.trim();
      const names =
        look === ""
          ? ""
          : ` class="${look
              .split(" ")
              .map((part) => `l${part}`)
              .join(" ")}"`;
      const width = ` textLength="${round([...shown].length * character.width)}"`;
      return `<text x="${round(start * character.width)}" y="${character.baseline}"${names}${width}>${escaped(shown)}</text>`;
    })
    .join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
