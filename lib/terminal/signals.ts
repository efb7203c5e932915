/** Signals: the first asks the operation to end in order, the second leaves at once. */
import { InterruptedError, signalExitCode } from "../model/errors.ts";

type Signal = keyof typeof signalExitCode;

/** `process`, or what a test puts in its place. */
export interface SignalSource {
  on(event: Signal, listener: (signal: Signal) => void): unknown;
  off(event: Signal, listener: (signal: Signal) => void): unknown;
}

/** The part of `process` that has to do with Ctrl-Z and `fg`. */
export interface JobControl {
  readonly pid: number;
  on(event: "SIGTSTP" | "SIGCONT", listener: () => void): unknown;
  off(event: "SIGTSTP" | "SIGCONT", listener: () => void): unknown;
  kill(pid: number, signal: "SIGSTOP"): unknown;
}

/** Calls `leave` before the process is put aside by Ctrl-Z, and `comeBack` when it goes on; returns how to stop that. */
export function onSuspend(host: JobControl, leave: () => void, comeBack: () => void): () => void {
  const suspend = () => {
    leave();
    // Who listens to SIGTSTP is not stopped by it, and so must stop itself.
    host.kill(host.pid, "SIGSTOP");
  };
  host.on("SIGTSTP", suspend);
  host.on("SIGCONT", comeBack);
  return () => {
    host.off("SIGTSTP", suspend);
    host.off("SIGCONT", comeBack);
  };
}

export interface Interrupts {
  /** Aborted by the first signal; the reason is an InterruptedError with the signal's exit code. */
  readonly signal: AbortSignal;
  /** Gives the signals back to the system. */
  dispose(): void;
}

/** `leave` is called with the exit code at the second signal: it does not come back. */
export function catchSignals(source: SignalSource, leave: (code: number) => void): Interrupts {
  const controller = new AbortController();
  const listener = (signal: Signal) => {
    if (controller.signal.aborted) leave(signalExitCode[signal]);
    else controller.abort(new InterruptedError(signal, `Interrupted by ${signal}.`));
  };
  const signals = Object.keys(signalExitCode) as Signal[];
  for (const signal of signals) source.on(signal, listener);
  return {
    signal: controller.signal,
    dispose() {
      for (const signal of signals) source.off(signal, listener);
    },
  };
}
