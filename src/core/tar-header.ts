/** One entry of a tar: a regular file, or a directory (its path ends in "/", its size is 0). */
export interface TarEntry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

export const TAR_BLOCK = 512;
/** Two zero blocks end a tar. */
export const TAR_END_SIZE = 2 * TAR_BLOCK;

const LARGEST_OCTAL_SIZE = 0o77777777777;

/**
 * The header blocks of an entry: a ustar header (POSIX.1-1988), preceded by a PAX extended header (POSIX.1-2001) where the
 * path does not fit ustar's name and prefix or the size its eleven octal digits. uid and gid are 0, without names.
 *
 * Written here and not by a library, since these bytes are part of the bundle format and of layer digests: no upgrade of a
 * dependency may change them.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const records = paxRecords(entry);
  const [prefix, name] = splitPath(entry.path) ?? ["", lastBytes(entry.path, 100)];
  const size = entry.size > LARGEST_OCTAL_SIZE ? 0 : entry.size;
  const main = ustarBlock({
    ...entry,
    size,
    prefix,
    name,
    type: entry.path.endsWith("/") ? "5" : "0",
  });
  if (records.length === 0) return main;
  const body = Buffer.concat(records);
  const pax = ustarBlock({
    prefix: "",
    name: "PaxHeaders/entry",
    size: body.length,
    mode: 0o644,
    mtime: entry.mtime,
    type: "x",
  });
  return Buffer.concat([pax, body, Buffer.alloc(tarPadding(body.length)), main]);
}

/** Bytes of {@link tarHeader} of the same entry. */
export function tarHeaderSize(entry: TarEntry): number {
  const body = paxRecords(entry).reduce((sum, { length }) => sum + length, 0);
  return body === 0 ? TAR_BLOCK : TAR_BLOCK + body + tarPadding(body) + TAR_BLOCK;
}

/** Zero bytes between the end of a file's content and the next header. */
export function tarPadding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

interface UstarFields {
  readonly prefix: string;
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  readonly type: "0" | "5" | "x";
}

function ustarBlock({ prefix, name, size, mode, mtime, type }: UstarFields): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  block.write(name, 0, 100, "utf8");
  block.write(octal(mode, 7), 100, "latin1");
  block.write(octal(0, 7), 108, "latin1");
  block.write(octal(0, 7), 116, "latin1");
  block.write(octal(size, 11), 124, "latin1");
  block.write(octal(mtime, 11), 136, "latin1");
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  block.write(prefix, 345, 155, "utf8");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\u0000`;
}

function paxRecords({ path, size }: TarEntry): Buffer[] {
  return [
    ...(splitPath(path) === undefined ? [paxRecord("path", path)] : []),
    ...(size > LARGEST_OCTAL_SIZE ? [paxRecord("size", String(size))] : []),
  ];
}

/** ustar's prefix and name, split at the last possible "/", or undefined where the path does not fit. */
function splitPath(path: string): readonly [prefix: string, name: string] | undefined {
  if (Buffer.byteLength(path) <= 100) return ["", path];
  for (
    let at = path.lastIndexOf("/", path.length - 2);
    at > 0;
    at = path.lastIndexOf("/", at - 1)
  ) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(name) > 100) return undefined;
    if (Buffer.byteLength(prefix) <= 155) return [prefix, name];
  }
  return undefined;
}

function lastBytes(text: string, count: number): string {
  return Buffer.from(text)
    .subarray(-count)
    .toString("latin1")
    .replaceAll(/[^\u0020-\u007e]/g, "_");
}

/** `"<length> <key>=<value>\n"`, where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const restBytes = Buffer.byteLength(rest);
  let length = restBytes + 1;
  while (String(length).length + restBytes !== length) length = String(length).length + restBytes;
  return Buffer.from(`${length}${rest}`);
}
