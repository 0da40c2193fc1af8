import { freemem } from "node:os";
import { runCommand } from "../test-hosts/run-command.ts";

const PIECE = 256 * 1024 * 1024;

/**
 * Has the system touch so many bytes of memory, or half of what is free. The host of a virtual machine may take back what nobody used
 * for a while, and gives it again page by page: whoever came first wrote a file in up to four times the time of the next.
 */
export async function touchMemory(bytes: number): Promise<void> {
  const pieces = Math.floor(Math.min(bytes, freemem() / 2) / PIECE);
  const touch = `Array.from({ length: ${pieces} }, () => Buffer.alloc(${PIECE}, 1))`;
  await runCommand([process.execPath, "-e", touch]);
}
