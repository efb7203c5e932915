/** A program that dies at a chosen moment, as by kill -9: what it has sent takes effect, and nothing more comes from it. */
import type { Connection } from "../../lib/kube/connection.ts";
import type { KubeRequest, KubeStream } from "../../lib/kube/request.ts";
import type { Clock } from "../../lib/model/clock.ts";
import type { DrivenCommand } from "./driven-time.ts";

/** When it dies: with its `write`th write (dry runs left out), before or after that has reached the server. */
export interface Death {
  readonly write: number;
  readonly reached: boolean;
}

export class Mortal {
  /** Resolves when it dies; never, if it lives to its end. */
  readonly died: Promise<void>;
  readonly #death: Death;
  #die: () => void = () => {};
  #dead = false;
  #writes = 0;

  constructor(death: Death) {
    this.#death = death;
    this.died = new Promise((resolve) => {
      this.#die = () => {
        this.#dead = true;
        resolve();
      };
    });
  }

  /** The same command, with its life in danger. */
  endanger({ clock, through }: DrivenCommand): DrivenCommand {
    const sleep: Clock["sleep"] = (ms, signal) => this.#unlessDead(() => clock.sleep(ms, signal));
    return {
      clock: { now: clock.now, sleep },
      through: (connection) => through(this.#endangered(connection)),
    };
  }

  #endangered(connection: Connection): Connection {
    void this.died.then(() => connection.close());
    return {
      ...connection,
      send: (request) =>
        this.#unlessDead(async () => {
          const isLast = isWrite(request) && ++this.#writes === this.#death.write;
          if (isLast && !this.#death.reached) this.#die();
          if (this.#dead) return await forever;
          const response = await connection.send(request);
          if (isLast) this.#die();
          return response;
        }),
      stream: (request) =>
        this.#unlessDead(async () => {
          const stream = await connection.stream(request);
          return "lines" in stream ? { ...stream, lines: this.#linesOf(stream) } : stream;
        }),
    };
  }

  async #unlessDead<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead) return await forever;
    try {
      const result = await work();
      return this.#dead ? await forever : result;
    } catch (error) {
      if (this.#dead) return await forever;
      throw error;
    }
  }

  async *#linesOf(stream: KubeStream): AsyncGenerator<string> {
    try {
      for await (const line of stream.lines) yield this.#dead ? await forever : line;
    } finally {
      if (this.#dead) await forever;
    }
  }
}

/** The rest of a life that has ended. */
const forever = new Promise<never>(() => {});

/** Questions about rights and names are asked by POST, and dry runs write nothing. */
function isWrite({ method, path, query }: KubeRequest): boolean {
  return method !== "GET" && query?.dryRun === undefined && !/\/selfsubject\w*reviews$/.test(path);
}
