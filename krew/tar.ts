/** tar files: written so that the same files are the same bytes, and read. */

export interface TarFile {
  readonly name: string;
  /** Permissions, such as 0o755. */
  readonly mode: number;
  readonly data: Uint8Array;
}

/** What stands in an archive: `type` is `file`, `directory`, or the letter of anything else. */
export interface TarEntry extends TarFile {
  readonly type: string;
}

const block = 512;
/** POSIX ustar: where each field starts, and how many bytes it has. */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

/** The files by name, owned by root, changed at the start of 1980, the earliest that zip files know as well. */
export function writeTar(files: readonly TarFile[]): Buffer {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const parts = sorted.flatMap((file) => [header(file), file.data, Buffer.alloc(-file.data.length & (block - 1))]);
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

const changed = Date.UTC(1980, 0, 1) / 1000;

function header({ name, mode, data }: TarFile): Buffer {
  if (Buffer.byteLength(name) > fields.name[1]) throw new Error(`the name is too long for an archive: ${name}`);
  const bytes = Buffer.alloc(block);
  const put = (field: keyof typeof fields, text: string) => bytes.write(text, fields[field][0]);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  put("name", name);
  put("mode", octal(mode, 7));
  put("uid", octal(0, 7));
  put("gid", octal(0, 7));
  put("size", octal(data.length, 11));
  put("mtime", octal(changed, 11));
  put("checksum", " ".repeat(8));
  put("type", "0");
  put("magic", "ustar\x0000");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  put("checksum", `${octal(sum, 6)}\0 `);
  return bytes;
}

/** The entries of a tar file one after the other; their data are views of `tar`. */
export function* readTar(tar: Buffer): Generator<TarEntry> {
  for (let start = 0; start + block <= tar.length && tar[start] !== 0; ) {
    const at = start;
    const text = (field: keyof typeof fields) => {
      const [offset, length] = fields[field];
      return tar.toString("utf8", at + offset, at + offset + length).replace(/\0[\s\S]*$/, "");
    };
    const size = Number.parseInt(text("size"), 8);
    const data = tar.subarray(start + block, start + block + size);
    const name = [text("prefix"), text("name")].filter((part) => part !== "").join("/");
    const letter = text("type");
    const type = letter === "0" || letter === "" ? "file" : letter === "5" ? "directory" : letter;
    yield { name, mode: Number.parseInt(text("mode"), 8), data, type };
    start += block + Math.ceil(size / block) * block;
  }
}
