import { type FileHandle, copyFile, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import { DamagedBundleError } from "../../src/bundle/damaged-bundle-error.ts";
import type { Finding } from "../../src/bundle/finding.ts";
import type { Segment } from "../../src/bundle/layout.ts";
import { storedMember } from "../../src/core/chunks/gzip-member.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { noise, smallContents, writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const ROUNDS_PER_KIND = 200;

type Random = (below: number) => number;

/** Bytes of the bundle that a change replaces (from `start`, `removed` of them) by others. */
interface Change {
  readonly start: number;
  readonly removed: number;
  readonly added: Buffer;
}

interface Target {
  readonly bytes: Buffer;
  readonly segments: readonly Segment[];
}

const kinds: Record<string, (target: Target, random: Random) => Change> = {
  "one bit anywhere": ({ bytes }, random) => flip(bytes, random(bytes.length), random),
  "one bit in a structure between contents": ({ bytes, segments }, random) => {
    const literals = segments.filter(({ kind }) => kind === "literal");
    return flip(bytes, within(literals[random(literals.length)], random), random);
  },
  "one bit at the edges of a chunk's member": ({ bytes, segments }, random) => {
    const chunks = segments.filter(({ kind }) => kind === "chunk");
    const { offset, length } = chunks[random(chunks.length)] ?? fail();
    const near = random(24);
    return flip(
      bytes,
      random(2) === 0
        ? offset + Math.min(near, length - 1)
        : offset + length - 1 - Math.min(near, length - 1),
      random,
    );
  },
  "one bit in the last 16 KiB": ({ bytes }, random) =>
    flip(bytes, bytes.length - 1 - random(16_384), random),
  "the end cut off": ({ bytes }, random) => {
    const kept = random(2) === 0 ? 1 + random(bytes.length - 1) : bytes.length - 1 - random(8192);
    return { start: kept, removed: bytes.length - kept, added: Buffer.alloc(0) };
  },
  "bytes appended": ({ bytes }, random) => ({
    start: bytes.length,
    removed: 0,
    added: noise(4 + random(100_000), 1 + random(1e9)),
  }),
  "a run of zeros, as a bad sector gives": ({ bytes }, random) => {
    const start = random(bytes.length - 5000) & ~511;
    return { start, removed: 4096, added: Buffer.alloc(4096) };
  },
  "bytes taken out or put in": ({ bytes }, random) => {
    const start = random(bytes.length - 1000);
    return random(2) === 0
      ? { start, removed: 1 + random(900), added: Buffer.alloc(0) }
      : { start, removed: 0, added: noise(4 + random(900), 1 + random(1e9)) };
  },
  "two members swapped": ({ bytes, segments }, random) => {
    const at = random(segments.length - 1);
    const [a, b] = [segments[at] ?? fail(), segments[at + 1] ?? fail()];
    const added = Buffer.concat([slice(bytes, b), slice(bytes, a)]);
    return { start: a.offset, removed: added.length, added };
  },
  "a member packed anew, with other content or the same": ({ bytes, segments }, random) => {
    const chunks = segments.filter((segment) => segment.kind === "chunk" && segment.size > 0);
    const chunk = chunks[random(chunks.length)] ?? fail();
    const content = noise(chunk.kind === "chunk" ? chunk.size : 0, 1 + random(1e9));
    const member =
      random(2) === 0
        ? storedMember(content, crc32(content))
        : gzipSync(content, { level: 1 + random(9) });
    return {
      start: chunk.offset,
      removed: chunk.length,
      added: member.equals(slice(bytes, chunk)) ? Buffer.from("x") : member,
    };
  },
};

describe("a bundle that was damaged", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let pool: ChunkPool;
  let path: string;
  let target: Target;
  let id: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    pool = new ChunkPool();
    const contents = await smallContents(directory.path, noise(300_000));
    const written = await writeSmallBundle(directory.path, pool, contents);
    path = join(directory.path, "damaged.tar.gz");
    await copyFile(written.path, path);
    await using reader = await BundleReader.open(written.path, pool);
    await using file = await open(written.path);
    target = { bytes: await file.readFile(), segments: reader.layout.segments };
    id = written.id;
  });

  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test.each(Object.keys(kinds))(
    `is always found out, with its name and byte range: %s (${ROUNDS_PER_KIND} rounds)`,
    async (kind) => {
      const random = seededRandom(kind.length * 7919 + 1);
      await using file = await open(path, "r+");
      for (let round = 0; round < ROUNDS_PER_KIND; round += 1) {
        const change = kinds[kind]?.(target, random) ?? fail();
        await apply(file, target.bytes, change);
        const findings = await findingsOf(path, pool);
        expect(findings, `round ${round}: ${describeChange(change)}`).not.toHaveLength(0);
        for (const { what, start, end } of findings) {
          expect(what).not.toBe("");
          expect(end).toBeGreaterThan(start);
        }
        expect(
          isNamed(change, findings),
          `round ${round}: ${describeChange(change)} is not in ${JSON.stringify(findings)}`,
        ).toBe(true);
        await restore(file, target.bytes, change);
      }
      expect(await findingsOf(path, pool)).toEqual([]);
    },
  );

  test("is found out when it is two bundles in one file", async () => {
    await using file = await open(path, "r+");
    const change = { start: target.bytes.length, removed: 0, added: target.bytes };
    await apply(file, target.bytes, change);
    expect(await findingsOf(path, pool)).not.toEqual([]);
    await restore(file, target.bytes, change);
  });

  test.each([1, 3, 512, 5_000_000])(
    "is told as what it is when %i bytes were put before it, and nothing else differs",
    async (size) => {
      await using file = await open(path, "r+");
      const change = { start: 0, removed: 0, added: Buffer.alloc(size, "\ufeff") };
      await apply(file, target.bytes, change);
      await expect(BundleReader.open(path)).rejects.toMatchObject({
        code: "DAMAGED",
        exitCode: 4,
        message: expect.stringMatching(
          /: [\d,]+ bytes? stands? before the beginning of the bundle$/,
        ),
        findings: [{ start: 0, end: size, what: expect.any(String), how: "surplus" }],
      });
      await restore(file, target.bytes, change);
    },
  );

  test("names the one damaged file and nothing else when one byte of a model's weights differs", async () => {
    const weights =
      target.segments.find((segment) => segment.kind === "chunk" && segment.size === 300_000) ??
      fail();
    await using file = await open(path, "r+");
    const change = flip(target.bytes, weights.offset + 5000, seededRandom(1));
    await apply(file, target.bytes, change);
    const findings = await findingsOf(path, pool);
    expect(findings).toEqual([
      {
        start: weights.offset,
        end: weights.offset + weights.length,
        what: expect.stringContaining("models/blobs/sha256-"),
        how: "differs",
      },
    ]);
    await expect(checkRest(path, pool)).rejects.toMatchObject({ code: "DAMAGED", exitCode: 4 });
    await restore(file, target.bytes, change);
  });

  test("says that it is MODELS.json that changed, and not everything else", async () => {
    const modelsJson =
      target.segments.find(
        (segment) => segment.kind === "chunk" && segment.file.path === "MODELS.json",
      ) ?? fail();
    const at = target.bytes.indexOf(id.slice(0, 0) + '"sha256":"', modelsJson.offset) + 10;
    await using file = await open(path, "r+");
    const change = {
      start: at,
      removed: 1,
      added: Buffer.from(target.bytes[at] === 0x30 ? "1" : "0"),
    };
    await apply(file, target.bytes, change);
    const [finding, ...more] = await findingsOf(path, pool);
    expect(finding?.what).toBe("MODELS.json");
    expect(more).toEqual([]);
    await restore(file, target.bytes, change);
  });
});

test("a bundle that was decompressed on the way is told as that, and so the way to carry it", async () => {
  await using directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  const { path } = await writeSmallBundle(directory.path, pool);
  const plain = join(directory.path, "plain.tar.gz");
  await writeFile(plain, gunzipSync(await readFile(path)));
  await expect(BundleReader.open(plain)).rejects.toMatchObject({
    code: "NOT_A_BUNDLE",
    exitCode: 4,
    message: expect.stringContaining("the plain tar of one, decompressed on the way"),
    hint: expect.stringContaining("Carry the .tar.gz as it was written"),
  });
});

async function findingsOf(path: string, pool: ChunkPool): Promise<readonly Finding[]> {
  try {
    await using reader = await BundleReader.open(path, pool);
    return await reader.check();
  } catch (error) {
    if (error instanceof DamagedBundleError) return error.findings;
    throw error;
  }
}

async function checkRest(path: string, pool: ChunkPool): Promise<void> {
  await using reader = await BundleReader.open(path, pool);
  await reader.checkRest();
}

async function apply(
  file: FileHandle,
  original: Buffer,
  { start, removed, added }: Change,
): Promise<void> {
  const tail =
    removed === added.length ? added : Buffer.concat([added, original.subarray(start + removed)]);
  await file.write(tail, 0, tail.length, start);
  if (removed !== added.length) await file.truncate(start + tail.length);
}

async function restore(
  file: FileHandle,
  original: Buffer,
  { start, removed, added }: Change,
): Promise<void> {
  const end = removed === added.length ? start + removed : original.length;
  await file.write(original, start, end - start, start);
  await file.truncate(original.length);
}

/** Bytes that changed in their place must lie in a finding; after a shift everything behind it may be one. */
function isNamed({ start, removed, added }: Change, findings: readonly Finding[]): boolean {
  if (removed !== added.length) return true;
  return findings.some((finding) => finding.start < start + removed && finding.end > start);
}

function flip(bytes: Buffer, at: number, random: Random): Change {
  return { start: at, removed: 1, added: Buffer.from([(bytes[at] ?? 0) ^ (1 << random(8))]) };
}

function within(segment: Segment | undefined, random: Random): number {
  const { offset, length } = segment ?? fail();
  return offset + random(length);
}

function slice(bytes: Buffer, { offset, length }: Segment): Buffer {
  return bytes.subarray(offset, offset + length);
}

function describeChange({ start, removed, added }: Change): string {
  return `${removed} bytes at ${start} replaced by ${added.length}`;
}

function seededRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function fail(): never {
  throw new Error("the bundle of this test has no such part");
}
