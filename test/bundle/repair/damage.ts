import type { FileHandle } from "node:fs/promises";

/** Bytes that a copy has instead of the right ones. */
export interface Damage {
  readonly start: number;
  readonly bytes: Buffer;
}

/** Damages a file. */
export async function write(file: FileHandle, damages: readonly Damage[]): Promise<void> {
  for (const { start, bytes } of damages) await file.write(bytes, 0, bytes.length, start);
}
