/** The archives that Krew installs from: the executable, our licence and those of others. The same files give the same bytes. */
import { constants, gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { type TarFile, writeTar } from "./tar.ts";

/** A gzip header says which system made it, and names it only for the curious: this one says "unknown". */
const gzipSystem = { offset: 9, unknown: 0xff } as const;

/** The bytes of an archive with these files, the same for the same files. */
export function tarGz(files: readonly TarFile[]): Buffer {
  const packed = gzipSync(writeTar(files), { level: constants.Z_BEST_COMPRESSION });
  packed[gzipSystem.offset] = gzipSystem.unknown;
  return packed;
}

/** A zip file whose entries carry Unix permissions, which Krew applies. */
export function zip(files: readonly TarFile[]): Uint8Array {
  const unix = 3;
  const regularFile = 0o100000;
  // Zip files know local time only: this is the same wall clock in every time zone.
  const mtime = new Date(1980, 0, 1);
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries = sorted.map(({ name, mode, data }) => {
    const attributes = { os: unix, attrs: ((regularFile | mode) << 16) >>> 0, mtime, level: 9 } as const;
    return [name, [data, attributes]] as const;
  });
  return zipSync(Object.fromEntries(entries) as Parameters<typeof zipSync>[0]);
}
