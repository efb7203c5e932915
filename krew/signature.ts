/** Takes the signature off a Windows executable: it is Node's, and no longer true of a file that we change. */

/** Places in the headers (Microsoft, "PE Format"). */
const at = { headersOffset: 0x3c, optionalHeader: 24, checksum: 64, directories64: 112 } as const;
const peMagic = 0x00004550;
const pe64Magic = 0x20b;
const certificateTable = 4;

/** The file without its certificate table, which stands at the end. Returned as it is when there is none; throws when it is no 64-bit PE file. */
export function withoutSignature(file: Buffer): Buffer {
  const headers = file.readUInt32LE(at.headersOffset);
  const optional = headers + at.optionalHeader;
  if (file.readUInt32LE(headers) !== peMagic || file.readUInt16LE(optional) !== pe64Magic) {
    throw new Error("not a 64-bit Windows executable");
  }
  const directory = optional + at.directories64 + certificateTable * 8;
  const offset = file.readUInt32LE(directory);
  const size = file.readUInt32LE(directory + 4);
  if (offset === 0) return file;
  if (offset + size !== file.length) throw new Error("the signature is not at the end of the file");
  const unsigned = Buffer.from(file.subarray(0, offset));
  unsigned.writeUInt32LE(0, directory);
  unsigned.writeUInt32LE(0, directory + 4);
  unsigned.writeUInt32LE(0, optional + at.checksum); // Nothing looks at it in programs; 0 is "not computed".
  return unsigned;
}
