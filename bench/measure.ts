/** What a program takes: CPU time and memory of the whole process. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export type CommandLine = readonly [string, ...string[]];
export type Environment = Readonly<Record<string, string>>;

/**
 * User and system time of a program and what it starts, in milliseconds, as bash's `time` tells it. CPU time, because it says
 * the same on a busy machine and a quiet one.
 */
async function cpuOf(command: CommandLine, env: Environment): Promise<number> {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1 </dev/null';
  const child = spawn("bash", ["-c", script, "bash", ...command], { env, stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [user, system] = text.trim().split(" ").map(Number);
  if (code !== 0 || user === undefined || system === undefined)
    throw new Error(`${command.join(" ")} ended with ${code}: ${text}`);
  return (user + system) * 1000;
}

/** Each command once, and again so many times: whatever slows the machine down slows all of them. */
export async function cpuInTurn<Name extends string>(
  trials: Readonly<Record<Name, CommandLine>>,
  env: Environment,
  rounds: number,
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(trials) as Name[];
  const taken = new Map<Name, number[]>(names.map((name) => [name, []]));
  // The first round fills kubectl's discovery cache and the page cache, and does not count.
  for (let turn = 0; turn <= rounds; turn++) {
    for (const name of names) {
      const milliseconds = await cpuOf(trials[name], env);
      if (turn > 0) taken.get(name)?.push(milliseconds);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(taken.get(name) ?? [])])) as Record<Name, number>;
}

/** The value in the middle, of an even number the higher one of two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Resident memory of a running process in MiB, as Linux tells it: now, or at most so far. Undefined elsewhere, and after its end. */
export function memoryOf(pid: number | undefined, field: "VmRSS" | "VmHWM"): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kilobytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

/** The most of what was measured; undefined where nothing was. */
export function mostOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

/** Peak memory of a program in MiB, from looks in quick succession; undefined where the system does not tell. */
export async function peakOf([program, ...words]: CommandLine, env: Environment): Promise<number | undefined> {
  const child = spawn(program, words, { env, stdio: "ignore" });
  let peak: number | undefined;
  const looking = setInterval(() => {
    // The kernel keeps the peak: the last look has it.
    peak = memoryOf(child.pid, "VmHWM") ?? peak;
  }, 5);
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  clearInterval(looking);
  if (code !== 0) throw new Error(`${program} ${words.join(" ")} ended with ${code}`);
  return peak;
}
