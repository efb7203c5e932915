/** Reads a file while everything else goes on: one that is a pipe, or lies where no server answers, may take for ever. */
import { readFile as read } from "node:fs";

/** Rejects as Node does. Not by the promises of `node:fs`: to load them takes longer than to read. */
export function readFile(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    read(file, (error, bytes) => (error === null ? resolve(textOf(bytes)) : reject(error)));
  });
}

/** UTF-8, or UTF-16 where its byte order mark says so: so Windows PowerShell writes what it redirects into a file. */
function textOf(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString("latin1");
  if (mark === "\xfe\xff" && bytes.length % 2 === 0) bytes.swap16();
  return bytes.toString(mark === "\xff\xfe" || mark === "\xfe\xff" ? "utf16le" : "utf8");
}
