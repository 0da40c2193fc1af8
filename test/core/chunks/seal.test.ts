import { randomBytes, webcrypto } from "node:crypto";
import { describe, expect, test } from "vitest";
import { storedRuns } from "../../../src/core/chunks/gzip-member.ts";
import { newSealKey, sealOf } from "../../../src/core/chunks/seal.ts";
import { sha256Hex } from "../../../src/core/digest.ts";

const SIZE = 200_003;
const bytes = randomBytes(SIZE);
const sha256 = sha256Hex(bytes);
const place = { key: newSealKey(), index: 3 };
const seal = sealOf([bytes], sha256, place);

describe("a seal", () => {
  test("is the tag of AES-GCM over the bytes and their digest, with the chunk's number as its nonce", async () => {
    const key = await webcrypto.subtle.importKey(
      "raw",
      Buffer.from(place.key, "hex"),
      "AES-GCM",
      false,
      ["encrypt"],
    );
    const additionalData = Buffer.concat([bytes, Buffer.from(sha256, "hex")]);
    const iv = Buffer.from("000000000000000000000003", "hex");
    const tag = await webcrypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData },
      key,
      Buffer.alloc(0),
    );
    expect(seal).toBe(Buffer.from(tag).toString("hex"));
  });

  test("is the same of bytes that lie in runs, as in a gzip member", () => {
    const runs = storedRuns(SIZE).map(({ contentOffset, length }) =>
      bytes.subarray(contentOffset, contentOffset + length),
    );
    expect(runs.length).toBeGreaterThan(2);
    expect(sealOf(runs, sha256, place)).toBe(seal);
  });

  test.each([0, 65_535, SIZE - 1])("is another where byte %i is", (at) => {
    const other = Buffer.from(bytes);
    other.writeUInt8(other.readUInt8(at) ^ 1, at);
    expect(sealOf([other], sha256, place)).not.toBe(seal);
  });

  test("is another of bytes that end early, of another digest, in another place and with another key", () => {
    const others = [
      sealOf([bytes.subarray(0, -1)], sha256, place),
      sealOf(
        [bytes],
        sha256.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
        place,
      ),
      sealOf([bytes], sha256, { ...place, index: 4 }),
      sealOf([bytes], sha256, { ...place, key: newSealKey() }),
    ];
    expect(others).not.toContain(seal);
    expect(new Set(others).size).toBe(others.length);
  });
});
