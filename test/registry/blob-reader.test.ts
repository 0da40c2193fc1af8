import { expect, test } from "vitest";
import { RegistryClient } from "../../src/registry/registry-client.ts";
import { serve } from "./serve.ts";
import { testContent } from "../staging/test-content.ts";

const retry = { retries: 3, firstDelayMs: 1, maxDelayMs: 2 };
const { bytes, sha256 } = testContent(300_000);

/** Answers that no length gives away: the first of each is wrong, the second right. */
const lengths: Record<string, (range: Buffer) => Buffer> = {
  "ends early": (range) => range.subarray(0, range.length - 1),
  "is empty": () => Buffer.alloc(0),
  "goes on for too long": (range) => Buffer.concat([range, Buffer.alloc(1)]),
};

test.each(Object.entries(lengths))(
  "asks again where an answer without a length %s",
  async (_, wrong) => {
    let answers = 0;
    await using server = await serve((request, response) => {
      const [from, to] = rangeOf(request.headers.range);
      const range = bytes.subarray(from, to + 1);
      answers += 1;
      response.writeHead(206, { "Content-Range": `bytes ${from}-${to}/${bytes.length}` });
      response.flushHeaders();
      response.end(answers === 1 ? wrong(range) : range);
    });
    const place = Buffer.alloc(100_000);
    let told = 0;
    await read(server.url, place, (count) => (told += count));
    expect(place.equals(bytes.subarray(50_000, 150_000))).toBe(true);
    expect(answers).toBe(2);
    expect(told).toBe(100_000);
  },
);

const wrongRanges: Record<string, string> = {
  "of other bytes": "bytes 0-99999/300000",
  "of another size": "bytes 50000-149999/300001",
  "that says nothing of itself": "",
};

test.each(Object.entries(wrongRanges))("never takes a range %s", async (_, contentRange) => {
  await using server = await serve((request, response) => {
    const [from, to] = rangeOf(request.headers.range);
    const headers = contentRange === "" ? {} : { "Content-Range": contentRange };
    response.writeHead(206, headers).end(bytes.subarray(from, to + 1));
  });
  await expect(read(server.url, Buffer.alloc(100_000))).rejects.toMatchObject({
    code: "BAD_ANSWER",
    message: expect.stringContaining("from 50000 on"),
  });
});

async function read(
  url: string,
  place: Buffer,
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const repository = { base: new URL(url), path: "library/m" };
  const blob = { sha256, size: bytes.length, what: "a blob", ifMissing: "Cannot fetch a blob" };
  using reader = new RegistryClient({ retry }).blob(repository, blob);
  await reader.read(place, 50_000, { signal: new AbortController().signal, onBytes });
}

function rangeOf(header: string | undefined): readonly [first: number, last: number] {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header ?? "") ?? [];
  return [Number(first), Number(last)];
}
