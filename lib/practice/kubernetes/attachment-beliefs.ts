/** What the attach/detach controller believes attached, beyond the attachments that exist: it notices only now and then that somebody else has deleted one. */
import type { KubeObject } from "../store.ts";
import { isDeleting } from "./objects.ts";

/** How often it compares its state of the world with the attachments (`--attach-detach-reconcile-sync-period`). */
const comparesEveryMs = 60_000;

/** An attachment that is gone, and that the controller still believes in. */
export interface Ghost {
  readonly name: string;
  readonly nodeName: string;
  readonly since: number;
  /** When it will compare next. */
  readonly until: number;
}

export class AttachmentBeliefs {
  /** Nodes by attachment name, by volume: those that were attached when it looked last. */
  readonly #seen = new Map<string, ReadonlyMap<string, string>>();
  readonly #ghosts = new Map<string, readonly Ghost[]>();
  /** Attachments that the controller has let go itself. */
  readonly #released = new Set<string>();

  /** The controller deletes an attachment: it knows. */
  release(name: string): void {
    this.#released.add(name);
  }

  /** The ghosts of a volume, after a look at the attachments that it has now; those that `isEnded` tells are forgotten. */
  look(
    volume: string,
    present: readonly KubeObject[],
    now: number,
    isEnded: (ghost: Ghost) => boolean,
  ): readonly Ghost[] {
    const names = new Set(present.map(({ metadata }) => metadata.name));
    const vanished = [...(this.#seen.get(volume) ?? [])].filter(([name]) => !names.has(name));
    const until = (Math.floor(now / comparesEveryMs) + 1) * comparesEveryMs;
    const born = vanished
      .filter(([name]) => !this.#released.delete(name))
      .map(([name, nodeName]): Ghost => ({ name, nodeName, since: now, until }));
    const ghosts = [...(this.#ghosts.get(volume) ?? []), ...born].filter(
      (ghost) => now < ghost.until && !names.has(ghost.name) && !isEnded(ghost),
    );
    this.#ghosts.set(volume, ghosts);
    const attached = present.filter((one) => one.status?.attached === true || isDeleting(one));
    this.#seen.set(volume, new Map(attached.map((one) => [one.metadata.name, one.spec.nodeName])));
    return ghosts;
  }
}
