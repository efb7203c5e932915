/** Reads a file while everything else goes on: one that is a pipe, or lies where no server answers, may take for ever. */
import { readFile as read } from "node:fs";

/** Rejects as Node does. Not by the promises of `node:fs`: to load them takes longer than to read. */
export function readFile(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    read(file, "utf8", (error, text) => (error === null ? resolve(text) : reject(error)));
  });
}
