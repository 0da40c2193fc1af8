import { describe, expect, test } from "vitest";
import { type Layout, layoutOf } from "../../src/bundle/layout.ts";
import { type ModelsJson, encodeModelsJson } from "../../src/bundle/models-json.ts";
import { windowsOf } from "../../src/bundle/windows.ts";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { manifestOfZeros } from "../support/bundle-of-zeros.ts";

const GIB = 1024 ** 3;
const CHUNK = { sha256: "0".repeat(64), crc32: 0 };
/** 10 bytes of header, 129 stored blocks of 5 each, 8 of trailer. */
const STORED_MEMBER = 10 + 129 * 5 + CHUNK_SIZE + 8;

describe("the layout", () => {
  for (const size of [64 * GIB, 1024 * GIB]) {
    test(`of a model of ${size / GIB} GiB has each chunk where it must be, to the byte`, () => {
      const count = size / CHUNK_SIZE;
      const layout = layoutOfFiles([file(0, size, count)]);
      const chunks = layout.segments.filter(
        (segment) => segment.kind === "chunk" && segment.file.size === size,
      );
      const first = chunks[0]?.offset ?? 0;
      expect(chunks.length).toBe(count);
      expect(chunks.at(-1)?.offset).toBe(first + (count - 1) * STORED_MEMBER);
      expectSeamless(layout);
      const [header] = layout.segments;
      if (header?.kind !== "literal") throw new Error("a bundle begins with a tar header");
      expect(header.bytes().length).toBe(header.length);
      expect(header.bytes().includes(`size=${size}\n`)).toBe(true);
    });
  }

  test("of 30,000 files gives literals as long as it says, also in pieces for the workers", () => {
    const files = Array.from({ length: 30_000 }, (_, at) => file(at, 1000, 1));
    const { segments } = layoutOfFiles(files);
    const literals = segments.filter((segment) => segment.kind === "literal");
    for (const literal of literals)
      if (literal.bytes().length !== literal.length)
        throw new Error(`the ${literal.what} has another length`);
    const toc = literals.find(({ what }) => what === "table of contents");
    const pieces = [...windowsOf(segments)]
      .flatMap((window) => window.segments)
      .filter((segment) => segment.kind === "literal" && segment.what === "table of contents");
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces[0]?.offset).toBe(toc?.offset);
    for (const [at, { offset, length }] of pieces.entries())
      expect(pieces[at + 1]?.offset ?? (toc?.offset ?? 0) + (toc?.length ?? 0)).toBe(
        offset + length,
      );
    const bytes = pieces.map((piece) =>
      piece.kind === "literal" ? piece.bytes() : Buffer.alloc(0),
    );
    expect(Buffer.concat(bytes).equals(toc?.bytes() ?? Buffer.alloc(0))).toBe(true);
  });

  test("of 100,000 files has two segments for each file, without a gap", () => {
    const none = layoutOfFiles([]).segments.length;
    const files = Array.from({ length: 100_000 }, (_, at) => file(at, 1000, 1));
    const layout = layoutOfFiles(files);
    // MODELS.json and SHA256SUMS have more chunks themselves.
    const own = layout.trailing.reduce((sum, { chunks }) => sum + chunks.length - 1, 0);
    expect(layout.segments.length).toBe(none + 2 * files.length + own);
    expectSeamless(layout);
  });
});

function file(at: number, size: number, chunkCount: number): ModelsJson["files"][number] {
  const sha256 = at.toString(16).padStart(64, "0");
  const chunks = Array.from({ length: chunkCount }, () => CHUNK);
  return { path: `models/blobs/sha256-${sha256}`, size, sha256, chunks };
}

function layoutOfFiles(files: ModelsJson["files"]): Layout {
  const manifest = { ...manifestOfZeros(0).manifest, files };
  return layoutOf(manifest, encodeModelsJson(manifest));
}

function expectSeamless({ segments, size }: Layout): void {
  let end = 0;
  for (const { offset, length } of segments) {
    if (offset !== end)
      throw new Error(`a segment begins at ${offset}, the one before ends at ${end}`);
    end += length;
  }
  expect(end).toBe(size);
}
