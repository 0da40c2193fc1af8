const HEADER_SIZE = 8;

/**
 * The text of a container's log. Without a terminal the engine sends frames: stream number, three zero bytes, four bytes of
 * length, then the bytes. With one it sends the bytes as they are.
 */
export function logText(log: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at < log.length;) {
    if (!isHeader(log, at)) return log.toString("utf8");
    const end = at + HEADER_SIZE + log.readUInt32BE(at + 4);
    parts.push(log.subarray(at + HEADER_SIZE, end));
    at = end;
  }
  return Buffer.concat(parts).toString("utf8");
}

function isHeader(log: Buffer, at: number): boolean {
  return at + HEADER_SIZE <= log.length && (log[at] ?? 3) <= 2 && log.readUIntBE(at + 1, 3) === 0;
}
