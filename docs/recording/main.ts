/**
 * `npm run recording`: plays a maintenance on a practice cluster, with the built executable in a pseudo-terminal, and leaves the film
 * at docs/recording.svg. Takes two minutes, because nothing in it is faster than it was; the film is.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { spawn } from "@lydell/node-pty";
import { startPracticeCluster } from "../../lib/practice/cluster.ts";
import { kubectlPath } from "../../test/kubectl.ts";
import { type Frame, film } from "./film.ts";
import { recorded } from "./scenario.ts";
import { createScreen } from "./screen.ts";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
const output = path.join(root, "docs/recording.svg");
const size = { columns: 88, rows: 30 } as const;
const title =
  "kubectl vmnode check names two budgets that would hold a drain for ever; both are cured, and kubectl vmnode drain moves every VM off the node";

interface Scene {
  readonly line: string;
  /** Seconds that one second of this scene's work lasts in the film. */
  readonly pace: number;
  /** Seconds that the end of the scene stays. */
  readonly hold: number;
  /** Pasted, not typed. */
  readonly pasted?: true;
  /** Answered with yes. */
  readonly question?: RegExp;
}

const node = "worker-1";
const scenes: readonly Scene[] = [
  { line: `kubectl vmnode check ${node}`, pace: 1, hold: 6 },
  { line: "kubectl delete pdb billing -n shop", pace: 1, hold: 0.8, pasted: true },
  {
    line: `kubectl patch pdb queue -n shop --type merge -p '{"spec":{"maxUnavailable":null,"minAvailable":0}}'`,
    pace: 1,
    hold: 0.8,
    pasted: true,
  },
  { line: `kubectl vmnode drain ${node}`, pace: 0.2, hold: 8, question: /\(y\/N\)/ },
];

/** Frames that follow each other faster than this are one. */
const shortestFrame = 0.1;

async function main(): Promise<void> {
  const workDirectory = mkdtempSync(path.join(tmpdir(), "vmnode-recording-"));
  const cluster = await startPracticeCluster({ scenario: recorded, workDirectory });
  try {
    const frames = await record(cluster.kubeconfigPath, workDirectory);
    const length = frames.at(-1)?.at ?? 0;
    writeFileSync(output, film(frames.slice(0, -1), { ...size, length, title }));
    console.log(`${path.relative(process.cwd(), output)}  ${frames.length} frames, ${Math.round(length)} s`);
  } finally {
    await cluster.close();
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

/** The last frame is the end of the film and shows what the one before it shows. */
async function record(kubeconfig: string, home: string): Promise<readonly Frame[]> {
  const screen = createScreen(size.columns, size.rows);
  const frames: Frame[] = [];
  let now = 0;
  const snap = () => {
    const picture = screen.picture();
    const last = frames.at(-1);
    if (JSON.stringify(last?.picture) === JSON.stringify(picture)) return;
    if (last !== undefined && now - last.at < shortestFrame) frames.pop();
    frames.push({ at: last !== undefined && now - last.at < shortestFrame ? last.at : now, picture });
  };
  const pass = (seconds: number) => {
    now += seconds;
  };
  const type = (text: string, pasted: boolean) => {
    for (const part of pasted ? [text] : (text.match(/.{1,2}/g) ?? [])) {
      screen.write(part);
      snap();
      pass(shortestFrame);
    }
  };

  for (const { line, pace, hold, pasted = false, question } of scenes) {
    screen.write("\x1b[32m$\x1b[0m ");
    snap();
    pass(0.7);
    type(line, pasted);
    pass(0.4);
    screen.write("\r\n");
    snap();
    let before = performance.now();
    let current = pace;
    let asked = false;
    const advance = () => {
      const moment = performance.now();
      pass((current * (moment - before)) / 1000);
      before = moment;
    };
    await play(line, { kubeconfig, home }, async (text, answer) => {
      advance();
      screen.write(text);
      if (!screen.drawing) snap();
      // The question is drawn again with each key: it is answered once, at a person's pace.
      if (asked || question?.test(text) !== true) return;
      asked = true;
      current = 1;
      await sleep(4000);
      answer("y");
      await sleep(600);
      answer("\r");
      advance();
      current = pace;
    });
    advance();
    snap();
    pass(hold);
  }
  return [...frames, { at: now, picture: screen.picture() }];
}

/** Runs one line as a shell would, and hands on what it prints, with a way to answer it. */
async function play(
  line: string,
  { kubeconfig, home }: { readonly kubeconfig: string; readonly home: string },
  printed: (text: string, answer: (keys: string) => void) => Promise<void>,
): Promise<void> {
  const [, ...words] = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
  const env = {
    PATH: [path.join(root, "dist"), process.env.PATH ?? ""].join(path.delimiter),
    HOME: home,
    KUBECONFIG: kubeconfig,
    TERM: "xterm-256color",
  };
  const terminal = spawn(kubectlPath(), words, { cols: size.columns, rows: size.rows, env, cwd: home });
  terminal.onData((text) => void printed(text, (keys) => terminal.write(keys)));
  await new Promise<void>((resolve) => terminal.onExit(() => resolve()));
}

await main();
