/** The exit codes that the program promises; they never change their meaning. */
export const exitCode = {
  ok: 0,
  error: 1,
  usage: 2,
  refused: 3,
  incomplete: 4,
  bug: 70,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What each code says, for the README and docs/reference.md. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCode, string>> = {
  ok: "done; for `check`: a drain would succeed",
  error: 'an error, or "no" at a prompt',
  usage: "the command line is wrong, or consent is missing and nobody can be asked",
  refused:
    "refused: the check found blockers, or the evidence forbids it; a sign of life ends a recovery with this code, too",
  incomplete: "incomplete: what is left is listed",
  bug: "a fault of the plugin itself; please report it",
  hangup: "ended by SIGHUP",
  interrupted: "ended by Ctrl-C",
  terminated: "ended by SIGTERM",
};
