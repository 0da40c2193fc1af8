import { constants, open } from "node:fs/promises";
import { buffer } from "node:stream/consumers";

/**
 * The bytes of a regular file that should not be large: of a larger one a byte more than `most`, whatever size it states.
 * Throws the system's error, and an Error for anything else than a regular file.
 */
export async function readSmallFile(path: string, most: number): Promise<Buffer> {
  // A named pipe would block until somebody writes to it.
  await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const stats = await file.stat();
  if (stats.isDirectory()) throw new Error("it is a directory");
  if (!stats.isFile()) throw new Error("it is not a regular file");
  return await buffer(file.createReadStream({ end: most, autoClose: false }));
}
