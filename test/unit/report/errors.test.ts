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

  test.each([
    [
      "is broken between words",
      "drain needs one node or more",
      undefined,
      ["error: drain needs one", "  node or more"],
    ],
    [
      "and its hint, whose command stays in one piece to be copied",
      "no",
      "nothing was changed; when you have looked: kubectl vmnode uncordon a --waive HostWasNeverOff",
      [
        "error: no",
        "hint: nothing was",
        "  changed; when you have",
        "  looked:",
        "  kubectl vmnode uncordon a --waive HostWasNeverOff",
      ],
    ],
    [
      "as a hint does that is nothing but a command",
      "no",
      "kubectl get nodes lists them all",
      ["error: no", "hint:", "  kubectl get nodes lists them all"],
    ],
    [
      "and as a flag at its end does",
      "no",
      "to let them leave: --waive EvacuationGoesOn",
      ["error: no", "hint: to let them leave:", "  --waive EvacuationGoesOn"],
    ],
    [
      "and as several flags do that it is to be accepted with",
      "no",
      "accept it with --waive OneRisk --waive AnotherRisk",
      ["error: no", "hint: accept it with", "  --waive OneRisk --waive AnotherRisk"],
    ],
    [
      "where names of programs are no commands",
      "it needs kubectl, or oc, of this year",
      undefined,
      ["error: it needs kubectl,", "  or oc, of this year"],
    ],
  ])("on a narrow terminal %s", (_how, message, hint, lines) => {
    expect(errorLines(new UsageError(message, hint), { columns: 24 })).toEqual(lines);
  });

  test("of the server, an interruption and a bug fit into a narrow terminal, too", () => {
    const interruption = new InterruptedError("SIGINT", "Interrupted: nothing was changed.");
    expect(errorLines(new KubeError(status), { columns: 40 })).toEqual([
      'Error from server (NotFound): nodes "x"',
      "  not found",
    ]);
    expect(errorLines(interruption, { columns: 24 })).toEqual(["Interrupted: nothing was", "  changed."]);
    expect(errorLines(new TypeError("x"), { columns: 40 }).every((line) => line.length <= 40)).toBe(true);
  });

  test("is marked by its first words alone", () => {
    expect(errorLines(new KubeError(status), { style: (tone, text) => `<${tone}>${text}</${tone}>` })).toEqual([
      '<bad>Error from server (NotFound):</bad> nodes "x" not found',
    ]);
  });
});
