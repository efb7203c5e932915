/** Time that moves on only while every command that runs waits for it: tests are as fast as the machine, and the same on every machine. */
import type { Connection } from "../../lib/kube/connection.ts";
import type { KubeRequest, KubeResponse } from "../../lib/kube/request.ts";
import type { Clock } from "../../lib/model/clock.ts";
import type { ManualClock } from "../../lib/practice/clock.ts";

/** How long the cluster's clock goes on with each request, unless a test says otherwise. */
const ordinaryRequestMs = 5;

/** Called before each request of a command is sent, with its number from 1 on; a promise that never resolves abandons the command there. */
export type BeforeRequest = (request: KubeRequest, number: number) => Promise<void> | void;

export interface DrivenCommand {
  /** The command's own clock. */
  readonly clock: Clock;
  /** The connection, watched for requests that are under way. */
  readonly through: (connection: Connection) => Connection;
}

/** What a command has to live with. */
export interface Circumstances {
  /** How far its clock is ahead. */
  readonly skewMs?: number | undefined;
  readonly before?: BeforeRequest | undefined;
  /** How long each of its requests takes. */
  readonly requestMs?: number | undefined;
}

/** A command that lives by driven time. */
class Participant implements DrivenCommand {
  readonly clock: Clock;
  readonly #time: DrivenTime;
  readonly #before: BeforeRequest | undefined;
  readonly #requestMs: number;
  /** When each of its sleeps ends. */
  readonly #wakes = new Set<number>();
  #requests = 0;
  #underWay = 0;

  constructor(time: DrivenTime, { skewMs = 0, before, requestMs = ordinaryRequestMs }: Circumstances) {
    this.#time = time;
    this.#before = before;
    this.#requestMs = requestMs;
    this.clock = {
      now: () => new Date(time.clock.now().getTime() + skewMs),
      sleep: async (fraction, signal) => {
        // The clock tells whole milliseconds: it would never be seen to reach a part of one.
        const ms = Math.ceil(Math.max(0, fraction));
        const wake = time.clock.now().getTime() + ms;
        this.#wakes.add(wake);
        try {
          await time.clock.sleep(ms, signal);
        } finally {
          this.#wakes.delete(wake);
        }
        signal?.throwIfAborted();
      },
    };
  }

  readonly through = (connection: Connection): Connection => ({
    ...connection,
    send: (request) => this.#send(connection, request),
  });

  /** When it wakes up next; undefined while it works. */
  get wakesAt(): number | undefined {
    return this.#underWay > 0 || this.#wakes.size === 0 ? undefined : Math.min(...this.#wakes);
  }

  async #send(connection: Connection, request: KubeRequest): Promise<KubeResponse> {
    this.#requests += 1;
    this.#underWay += 1;
    try {
      await this.#before?.(request, this.#requests);
      return await connection.send(request);
    } finally {
      await this.#time.pass(this.#requestMs);
      this.#underWay -= 1;
    }
  }
}

export class DrivenTime {
  readonly clock: ManualClock;
  readonly #commands = new Set<Participant>();
  #moving: Promise<void> = Promise.resolve();

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  /** Lets time pass; one after the other when asked for at the same time. */
  pass(ms: number): Promise<void> {
    this.#moving = this.#moving.then(() => this.clock.advance(ms));
    return this.#moving;
  }

  /** Runs a command until it ends, or until `until` does. */
  async run<T>(
    command: (driven: DrivenCommand) => Promise<T>,
    options: Circumstances & { readonly until?: Promise<T> | undefined } = {},
  ): Promise<T> {
    const participant = new Participant(this, options);
    this.#commands.add(participant);
    const end = command(participant);
    const ended = options.until === undefined ? end : Promise.race([end, options.until]);
    const done = ended.finally(() => this.#commands.delete(participant));
    // The first one drives for all that run beside it.
    if (this.#commands.size === 1) await this.#drive();
    return await done;
  }

  async #drive(): Promise<void> {
    while (this.#commands.size > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const wakes = [...this.#commands].map((command) => command.wakesAt);
      if (wakes.length === 0 || wakes.includes(undefined)) continue;
      const next = Math.min(...wakes.map(Number));
      await this.pass(Math.max(0, next - this.clock.now().getTime()));
    }
  }
}
