/** The errors that a user can meet. Anything thrown that is not one of these is a bug of ours and ends with exit code 70. */
import { type ExitCode, exitCode } from "./exit-code.ts";

interface ExpectedErrorOptions {
  readonly exitCode?: ExitCode;
  readonly hint?: string | undefined;
  readonly nameless?: string | undefined;
  readonly cause?: unknown;
}

/** Base of all expected errors: `message` is one clear sentence for the user, `hint` says what to do about it. */
export class ExpectedError extends Error {
  // Written out in each class: the names of classes themselves do not outlive the build.
  override readonly name: string = "ExpectedError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  /** The same for what is pasted into issues: without names of servers, users and files. */
  readonly nameless: string | undefined;

  constructor(message: string, options: ExpectedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? exitCode.error;
    this.hint = options.hint;
    this.nameless = options.nameless;
  }
}

/** Flags or arguments that are wrong, contradict each other, or are missing where nobody can be asked. */
export class UsageError extends ExpectedError {
  override readonly name = "UsageError";

  constructor(message: string, hint?: string) {
    super(message, { exitCode: exitCode.usage, hint });
  }
}

/** The kubeconfig, or a credential that it names, cannot be used. */
export class ConfigError extends ExpectedError {
  override readonly name = "ConfigError";
}

/** What the API server said when it refused a request: the fields of a Kubernetes Status that are used. */
export interface StatusDetails {
  /** HTTP status code. */
  readonly code: number;
  /** Machine-readable reason such as `NotFound`, `Forbidden`, `Conflict`; empty when the server gave none. */
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly { readonly type: string; readonly message: string }[];
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfterSeconds?: number | undefined;
}

/** The API server answered, but not with success. Printed in kubectl's wording: `Error from server (Reason): message`. */
export class KubeError extends ExpectedError {
  override readonly name = "KubeError";
  readonly status: StatusDetails;

  constructor(status: StatusDetails, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(status.message, options);
    this.status = status;
  }
}

/** No answer could be had: name resolution, connection, TLS, or the time limit of a request. */
export class UnreachableError extends ExpectedError {
  override readonly name = "UnreachableError";
}

/** The check found blockers, or the evidence forbids what was asked for. Nothing was changed. */
export class RefusedError extends ExpectedError {
  override readonly name = "RefusedError";

  constructor(message: string, hint?: string) {
    super(message, { exitCode: exitCode.refused, hint });
  }
}

/** A signal or Ctrl-C ended the command. The message is a whole sentence: it is printed as it is. */
export class InterruptedError extends ExpectedError {
  override readonly name = "InterruptedError";

  constructor(signal: "SIGINT" | "SIGTERM" | "SIGHUP", message: string) {
    super(message, { exitCode: signalExitCode[signal] });
  }
}

/** The exit code of a command that this ended. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof ExpectedError ? error.exitCode : exitCode.bug;
}

/** The end of an operation that this ended, in its summary. */
export function failureOf(error: unknown): {
  readonly end: "failed";
  readonly exitCode: ExitCode;
  readonly error: string;
} {
  return { end: "failed", exitCode: exitCodeOf(error), error: error instanceof Error ? error.message : String(error) };
}

export const signalExitCode = {
  SIGHUP: exitCode.hangup,
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
} as const;
