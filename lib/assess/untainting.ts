/** Taking off a taint that others have set, which is theirs to do. */

/** The command for it; `taint` as kubectl takes it: a key, perhaps with value and effect (`key=value:effect`). */
export function untaintingCommand(node: string, taint: string): string {
  return `kubectl taint node ${node} ${taint}-`;
}
