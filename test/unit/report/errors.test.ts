/** Errors are worded as kubectl words them. */
import { describe, expect, test } from "vitest";
import { InterruptedError, KubeError, RefusedError, UnreachableError, UsageError } from "../../../lib/model/errors.ts";
import { errorLines } from "../../../lib/report/errors.ts";

const status = { code: 404, reason: "NotFound", message: 'nodes "x" not found', causes: [] };

describe("an error", () => {
  test("of the server names its reason", () => {
    expect(errorLines(new KubeError(status))).toEqual(['Error from server (NotFound): nodes "x" not found']);
  });

  test("of the server without a reason goes without the brackets", () => {
    expect(errorLines(new KubeError({ ...status, reason: "" }))).toEqual(['Error from server: nodes "x" not found']);
  });

  test("of the server brings the causes that its message leaves out", () => {
    const causes = [
      { type: "DisruptionBudget", message: "The disruption budget web needs 2 healthy pods and has 2 currently" },
      { type: "Other", message: "not found" },
    ];
    expect(errorLines(new KubeError({ ...status, causes }))).toEqual([
      'Error from server (NotFound): nodes "x" not found',
      "  The disruption budget web needs 2 healthy pods and has 2 currently",
    ]);
  });

  test("of the user starts with error: and ends with what to do", () => {
    expect(errorLines(new UsageError("drain needs a node", "kubectl vmnode drain NODE"))).toEqual([
      "error: drain needs a node",
      "hint: kubectl vmnode drain NODE",
    ]);
    expect(errorLines(new RefusedError("2 VMs would stay"))).toEqual(["error: 2 VMs would stay"]);
  });

  test("keeps its lines, and shows escape sequences harmless in each", () => {
    const error = new UnreachableError("proxy said:\n\x1b[2J<html>\r\n", { hint: "\x1b]0;x\x07" });
    expect(errorLines(error)).toEqual(["error: proxy said:", "^[[2J<html>", "hint: ^[]0;x^G"]);
  });

  test("is none when the user has left: only what that means is said", () => {
    expect(errorLines(new InterruptedError("SIGINT", "Interrupted: nothing was changed."))).toEqual([
      "Interrupted: nothing was changed.",
    ]);
  });

  test("that nobody expected is called a bug; its stack only when asked for", () => {
    const error = new TypeError("x is \x07undefined");
    expect(errorLines(error)).toEqual([
      "error: a fault of kubectl-vmnode itself: TypeError: x is ^Gundefined",
      "hint: the same command with -v=4 prints where it happened",
    ]);
    expect(errorLines(error, { stack: true }).join("\n")).toContain("errors.test.ts");
    expect(errorLines("thrown text")[0]).toBe("error: a fault of kubectl-vmnode itself: thrown text");
  });

  test("is marked by its first words alone", () => {
    expect(errorLines(new KubeError(status), { style: (tone, text) => `<${tone}>${text}</${tone}>` })).toEqual([
      '<bad>Error from server (NotFound):</bad> nodes "x" not found',
    ]);
  });
});
