import { randomBytes } from "node:crypto";
import { crc32, gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../../src/core/chunks/chunk.ts";
import { storedMemberSize } from "../../../src/core/chunks/gzip-member.ts";
import { SEAL_BROKEN, packChunk } from "../../../src/core/chunks/pack-chunk.ts";
import { BUFFER_SIZE } from "../../../src/core/chunks/pool.ts";
import { PAGE_SIZE } from "../../../src/core/page-aligned-buffer.ts";
import { newSealKey, sealOf } from "../../../src/core/chunks/seal.ts";

/** Packs as often as it is called into the same memory, as the pool's is. */
const buffer = Buffer.alloc(PAGE_SIZE + BUFFER_SIZE, 0xa5);

function pack(content: Buffer, at = 0): { readonly isPacked: boolean; readonly member: Buffer } {
  const { memberSize, packed } = packChunk(buffer, { source: content, at });
  return { isPacked: packed !== undefined, member: buffer.subarray(at, at + memberSize) };
}

/** The same in the middle of each 32nd, where it is tried: too far apart for deflate to find that it is repeated. */
function thatOnlyLooksAsIfItShrank(): Buffer {
  const content = randomBytes(CHUNK_SIZE);
  const same = randomBytes(65_536);
  for (let at = CHUNK_SIZE / 64; at < CHUNK_SIZE; at += CHUNK_SIZE / 32)
    same.copy(content, at - 32_768);
  return content;
}

describe("packChunk", () => {
  test.each([1, 2047, 16_384, 16_385, 65_535, 65_536, 1_000_000, CHUNK_SIZE - 1, CHUNK_SIZE])(
    "stores %i bytes that do not shrink",
    (size) => {
      const content = randomBytes(size);
      const { isPacked, member } = pack(content);
      expect(isPacked).toBe(false);
      expect(member.length).toBe(storedMemberSize(size));
      expect(gunzipSync(member).equals(content)).toBe(true);
    },
  );

  test.each([1000, 16_385, 65_536, 1_000_000, CHUNK_SIZE - 1, CHUNK_SIZE])(
    "deflates %i bytes that do",
    (size) => {
      const content = Buffer.from(randomBytes(size).map((byte) => byte & 0x3f));
      const { isPacked, member } = pack(content);
      expect(isPacked).toBe(true);
      expect(member.length).toBeLessThan(0.9 * size);
      expect(gunzipSync(member).equals(content)).toBe(true);
    },
  );

  test("deflates what shrinks everywhere but in its middle, as a layer does with an archive among programs", () => {
    const content = Buffer.alloc(CHUNK_SIZE, "a program ");
    randomBytes(1024 * 1024).copy(content, CHUNK_SIZE / 2 - 512 * 1024);
    expect(pack(content).isPacked).toBe(true);
  });

  test("stores weights with zeros in one place", () => {
    const content = randomBytes(CHUNK_SIZE).fill(0, 4500 * 1024, 4756 * 1024);
    const { isPacked, member } = pack(content);
    expect(isPacked).toBe(false);
    expect(gunzipSync(member).equals(content)).toBe(true);
  });

  test("stores what only looked as if it would shrink", () => {
    const content = thatOnlyLooksAsIfItShrank();
    const { isPacked, member } = pack(content);
    expect(isPacked).toBe(false);
    expect(gunzipSync(member).equals(content)).toBe(true);
  });

  test.each([
    ["stored", randomBytes(CHUNK_SIZE)],
    ["deflated", Buffer.alloc(CHUNK_SIZE, "a program ")],
    ["stored after all", thatOnlyLooksAsIfItShrank()],
  ])("begins where it is told to, in memory for just that: %s", (_, content) => {
    buffer.fill(0x5a);
    const { member } = pack(content, PAGE_SIZE - 1);
    expect(gunzipSync(member).equals(content)).toBe(true);
    expect(buffer.subarray(0, PAGE_SIZE - 1).every((byte) => byte === 0x5a)).toBe(true);
  });

  test("takes over the digests of content whose seal fits, and refuses what it does not fit", () => {
    const content = randomBytes(100_000);
    const place = { key: newSealKey(), index: 7 };
    const [sha256, other] = ["a".repeat(64), "b".repeat(64)];
    const sealed = { ...place, sha256, seal: sealOf([content], sha256, place) };
    expect(packChunk(buffer, { source: content, sealed })).toMatchObject({
      sha256,
      crc32: crc32(content),
    });
    expect(gunzipSync(buffer.subarray(0, storedMemberSize(100_000))).equals(content)).toBe(true);
    const otherCrc = { ...sealed.seal, crc32: (sealed.seal.crc32 ^ 1) >>> 0 };
    for (const wrong of [
      { source: randomBytes(100_000), sealed },
      { source: content, sealed: { ...sealed, sha256: other } },
      { source: content, sealed: { ...sealed, seal: otherCrc } },
    ])
      expect(() => packChunk(buffer, wrong)).toThrow(
        expect.objectContaining({ code: SEAL_BROKEN }),
      );
  });

  test("deflates sealed content, with the CRC-32 of its seal", () => {
    const content = Buffer.alloc(100_000, "a program ");
    const place = { key: newSealKey(), index: 0 };
    const sha256 = "a".repeat(64);
    const sealed = { ...place, sha256, seal: sealOf([content], sha256, place) };
    const { memberSize, packed } = packChunk(buffer, { source: content, sealed });
    expect(packed).toBeDefined();
    expect(gunzipSync(buffer.subarray(0, memberSize)).equals(content)).toBe(true);
  });

  test("gives the same bytes whatever lay in the memory before", () => {
    const content = Buffer.concat([Buffer.alloc(300_000, 7), randomBytes(300_000)]);
    const first = Buffer.from(pack(content).member);
    buffer.fill(0x33);
    expect(pack(content).member.equals(first)).toBe(true);
  });
});
