/** The first signal asks, the second one leaves. */
import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { InterruptedError } from "../../../lib/model/errors.ts";
import { catchSignals } from "../../../lib/terminal/signals.ts";

function caught() {
  const source = new EventEmitter();
  const exits: number[] = [];
  return { source, exits, interrupts: catchSignals(source, (code) => exits.push(code)) };
}

describe("signals", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])("%s aborts, with exit code %d", (signal, code) => {
    const { source, exits, interrupts } = caught();
    expect(interrupts.signal.aborted).toBe(false);
    source.emit(signal, signal);
    expect(interrupts.signal.reason).toBeInstanceOf(InterruptedError);
    expect(interrupts.signal.reason).toMatchObject({ exitCode: code });
    expect(exits).toEqual([]);
  });

  test("the second one leaves at once, with its own code", () => {
    const { source, exits } = caught();
    source.emit("SIGINT", "SIGINT");
    source.emit("SIGTERM", "SIGTERM");
    expect(exits).toEqual([143]);
  });

  test("are given back to the system", () => {
    const { source, interrupts } = caught();
    interrupts.dispose();
    expect(source.eventNames()).toEqual([]);
  });
});
