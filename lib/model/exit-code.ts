/** The exit codes that the program promises; they are documented in the README and never change their meaning. */
export const exitCode = {
  /** Everything that was asked for is done. */
  ok: 0,
  /** An error, or "no" at a prompt. */
  error: 1,
  /** Wrong arguments, or consent is missing and nobody can be asked. */
  usage: 2,
  /** Refused: the check found blockers, or the evidence does not allow it. */
  refused: 3,
  /** Incomplete: what is left is listed. */
  incomplete: 4,
  /** A fault of the program itself. */
  bug: 70,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
