/** Keeps the number of requests under way at two, as many as the connection has sockets for short requests. */

export interface RequestSlots {
  /** Runs `request` as soon as a slot is free; first come, first served. */
  run<T>(request: () => Promise<T>): Promise<T>;
}

const slotCount = 2;

/** Slots that are all free. */
export function requestSlots(): RequestSlots {
  const waiting: (() => void)[] = [];
  let free = slotCount;
  return {
    async run(request) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await request();
      } finally {
        // A slot is handed on rather than freed, so that nobody can slip in between.
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
