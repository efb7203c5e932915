/** Trouble with the picture is told in few words. */
import { expect, test } from "vitest";
import { lockedOut, troubleOf } from "../../../lib/act/trouble.ts";

const server = "https://cluster.example:6443";
const problem = (resource: string, message: string, unreachable: boolean) => ({
  resource,
  since: "2026-11-21T14:02:11Z",
  message,
  unreachable,
  lockedOut: false,
});
const unauthorized = (resource: string) => ({ ...problem(resource, "You must be logged in", false), lockedOut: true });

test("a server that does not answer is told once, whatever each request ran into", () => {
  const problems = [
    problem("nodes", "connection closed", true),
    problem("pods", "connection refused", true),
    problem("pods", "connection refused", true),
  ];
  expect(troubleOf(problems, server)).toEqual([
    "the API server https://cluster.example:6443 does not answer; it is asked again until it does",
  ]);
});

test("lists that are refused are told each, in the server's words", () => {
  const problems = [problem("pods", "forbidden", false), problem("pods", "forbidden", false)];
  expect(troubleOf([...problems, problem("nodes", "unwell", false)], server)).toEqual([
    "pods: forbidden",
    "nodes: unwell",
  ]);
  expect(troubleOf([], server)).toEqual([]);
});

test("a credential that is not accepted is told once, and ends the waiting after a minute", () => {
  expect(troubleOf([unauthorized("nodes"), unauthorized("pods")], server)).toEqual(["You must be logged in"]);
  const after = (seconds: number) => new Date(Date.parse("2026-11-21T14:02:11Z") + seconds * 1000);
  expect(lockedOut([unauthorized("pods")], after(59))).toBeUndefined();
  expect(lockedOut([unauthorized("pods")], after(60))).toMatch(/does not accept the credential any more/);
  // With pods the rest can be told.
  expect(lockedOut([unauthorized("nodes"), problem("pods", "unwell", false)], after(90))).toBeUndefined();
});
