import { randomBytes, webcrypto } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { storedRuns } from "../../../src/core/chunks/gzip-member.ts";
import { fitsSeal, newSealKey, sealOf } from "../../../src/core/chunks/seal.ts";
import { sha256Hex } from "../../../src/core/digest.ts";

const SIZE = 200_003;
const bytes = randomBytes(SIZE);
const sha256 = sha256Hex(bytes);
const place = { key: newSealKey(), index: 3 };
const seal = sealOf([bytes], sha256, place);
const sealed = { ...place, sha256, seal };

describe("a seal", () => {
  test("has the CRC-32, and the tag of AES-GCM over bytes, sha256 and CRC-32 with the chunk's number as its nonce", async () => {
    const key = await webcrypto.subtle.importKey(
      "raw",
      Buffer.from(place.key, "hex"),
      "AES-GCM",
      false,
      ["encrypt"],
    );
    const crc = crc32(bytes).toString(16).padStart(8, "0");
    const additionalData = Buffer.concat([bytes, Buffer.from(sha256 + crc, "hex")]);
    const iv = Buffer.from("000000000000000000000003", "hex");
    const tag = await webcrypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData },
      key,
      Buffer.alloc(0),
    );
    expect(seal).toEqual({ crc32: crc32(bytes), tag: Buffer.from(tag).toString("hex") });
    expect(fitsSeal([bytes], sealed)).toBe(true);
  });

  test("is the same of bytes that lie in runs, as in a gzip member", () => {
    const runs = storedRuns(SIZE).map(({ contentOffset, length }) =>
      bytes.subarray(contentOffset, contentOffset + length),
    );
    expect(runs.length).toBeGreaterThan(2);
    expect(sealOf(runs, sha256, place)).toEqual(seal);
    expect(fitsSeal(runs, sealed)).toBe(true);
  });

  test.each([0, 65_535, SIZE - 1])("does not fit where byte %i is another", (at) => {
    const other = Buffer.from(bytes);
    other.writeUInt8(other.readUInt8(at) ^ 1, at);
    expect(fitsSeal([other], sealed)).toBe(false);
  });

  test.each([
    { what: "sha256", other: { sha256: sha256.replace(/^./, (hex) => (hex === "0" ? "1" : "0")) } },
    { what: "CRC-32", other: { seal: { ...seal, crc32: (seal.crc32 ^ 1) >>> 0 } } },
    { what: "place", other: { index: 4 } },
    { what: "key", other: { key: newSealKey() } },
  ])("does not fit with another $what", ({ other }) => {
    expect(fitsSeal([bytes], { ...sealed, ...other })).toBe(false);
  });

  test("does not fit bytes that end early", () => {
    expect(fitsSeal([bytes.subarray(0, -1)], sealed)).toBe(false);
  });
});
