import type { Socket } from "node:net";

/** Bytes read from a socket at once. */
const READ_SIZE = 256 * 1024;

/**
 * `net.connect`'s option `onread` for an agent of HTTP: all its sockets read into one buffer. The HTTP parser copies out of it
 * before the next read, so that there is one new buffer for 256 KiB and not two for every 64 KiB, which is a third of the
 * memory and of the time that a fast download takes in this thread. Through a TLS proxy the option has no effect. Not for
 * connections that are upgraded: their bytes are not copied.
 */
export function readIntoOneBuffer(): {
  readonly buffer: Buffer;
  readonly callback: (this: Socket, length: number, buffer: Buffer) => boolean;
} {
  return {
    buffer: Buffer.allocUnsafeSlow(READ_SIZE),
    callback(length, buffer) {
      this.emit("data", buffer.subarray(0, length));
      return true;
    },
  };
}
