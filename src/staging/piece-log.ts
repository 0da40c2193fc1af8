import { type FileHandle, open, readFile } from "node:fs/promises";
import { z } from "zod";
import { isSha256Hex } from "../core/digest.ts";
import { hasCode } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";

const line = z.object({
  index: z.int().nonnegative(),
  sha256: z.string().refine(isSha256Hex),
});

/**
 * Which pieces (one chunk each) of a content that is being fetched are on disk, and their sha256: one line of JSON each. Not
 * synced: after a loss of power, a piece whose bytes are not there fails its digest and is fetched again.
 */
export class PieceLog implements AsyncDisposable {
  readonly finished: ReadonlyMap<number, string>;
  readonly #file: FileHandle;

  private constructor(finished: ReadonlyMap<number, string>, file: FileHandle) {
    this.finished = finished;
    this.#file = file;
  }

  static async open(path: string): Promise<PieceLog> {
    const finished = await readPieces(path);
    const file = await open(path, "a");
    // What a killed process wrote of a last line must not run into the next one.
    if ((await file.stat()).size > 0) await file.write("\n");
    return new PieceLog(finished, file);
  }

  /** A piece whose bytes have been written. */
  async add(index: number, sha256: string): Promise<void> {
    await this.#file.write(`${JSON.stringify({ index, sha256 })}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** The finished pieces by index; lines that make no sense are left aside. */
export async function readPieces(path: string): Promise<Map<number, string>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  });
  const pieces = text.split("\n").flatMap((entry) => {
    const parsed = line.safeParse(jsonOrUndefined(entry));
    return parsed.success ? [parsed.data] : [];
  });
  return new Map(pieces.map(({ index, sha256 }) => [index, sha256]));
}
