import { type Hash, createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

/** Bytes of a sample, and about how many of them are taken from a part, one every so many bytes. */
const SAMPLE_SIZE = 4096;
const SAMPLES_PER_PART = 16;

/** Bytes from the beginning of one sample to that of the next. */
export function samplingOf(partSize: number): number {
  return Math.max(1, Math.ceil(partSize / SAMPLES_PER_PART));
}

/** Samples of a part that is being written: they tell later, without reading all of it, which part a file is. */
export class PartSamples {
  readonly #every: number;
  readonly #hashes: Hash[] = [];
  #size = 0;

  constructor(every: number) {
    this.#every = every;
  }

  /** The next bytes of the part. */
  add(bytes: Buffer): void {
    const from = this.#size;
    this.#size += bytes.length;
    for (
      let index = Math.max(0, Math.ceil((from + 1 - SAMPLE_SIZE) / this.#every));
      index * this.#every < this.#size;
      index += 1
    ) {
      const at = index * this.#every - from;
      const hash = (this.#hashes[index] ??= createHash("sha256"));
      hash.update(bytes.subarray(Math.max(0, at), Math.max(0, at + SAMPLE_SIZE)));
    }
  }

  digests(): string[] {
    return this.#hashes.map(shortDigest);
  }
}

/** The samples of a file as far as it has them, in order. */
export async function readSamples(
  file: FileHandle,
  size: number,
  every: number,
): Promise<string[]> {
  const samples: string[] = [];
  const bytes = Buffer.alloc(SAMPLE_SIZE);
  for (let at = 0; at < size && samples.length <= SAMPLES_PER_PART; at += every) {
    const { bytesRead } = await file.read(bytes, 0, Math.min(SAMPLE_SIZE, size - at), at);
    samples.push(shortDigest(createHash("sha256").update(bytes.subarray(0, bytesRead))));
  }
  return samples;
}

/** Whether at least half of the samples that a file has are those of the part. */
export function areMostlySame(samples: readonly string[], listed: readonly string[]): boolean {
  const compared = Math.min(samples.length, listed.length);
  const same = listed.filter((sample, index) => sample === samples[index]).length;
  return compared > 0 && same * 2 >= compared;
}

function shortDigest(hash: Hash): string {
  return hash.digest("hex").slice(0, 16);
}
