import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { OutputBlocks } from "../../../src/bundle/output/output-blocks.ts";
import type { Lease } from "../../../src/core/chunks/pool.ts";
import { thrownLater } from "../../../src/core/thrown-later.ts";
import { PAGE_SIZE, pageAlignedBuffer } from "../../../src/core/page-aligned-buffer.ts";

const MIB = 1024 ** 2;

describe("leases that are taken over", () => {
  test("are passed on where they lie if they begin as far into a page as the file ends", async () => {
    const passed = new Passed();
    const small = randomBytes(3 * PAGE_SIZE + 1000);
    const large = Array.from({ length: 5 }, () => randomBytes(8 * MIB + 663));
    await passed.add(small);
    for (const content of large) await passed.take(content, passed.size % PAGE_SIZE);
    await passed.flush();
    expect(passed.content.equals(Buffer.concat([small, ...large]))).toBe(true);
    expect(passed.slow).toBe(0);
    expect(passed.placesOfLeases).toEqual(passed.leases.map(({ buffer }) => buffer));
  });

  test.each([
    ["begin elsewhere in a page", 8 * MIB, 1],
    ["are few bytes", 64 * 1024, 0],
  ])("are copied if they %s", async (_, size, shift) => {
    const passed = new Passed();
    const contents = Array.from({ length: 5 }, () => randomBytes(size));
    for (const content of contents) await passed.take(content, (passed.size + shift) % PAGE_SIZE);
    await passed.flush();
    expect(passed.content.equals(Buffer.concat(contents))).toBe(true);
    expect(passed.placesOfLeases).toEqual([]);
  });

  test("of every size, between bytes of every size, are written in their order", async () => {
    const passed = new Passed();
    const contents: Buffer[] = [];
    for (let round = 0; round < 40; round += 1) {
      const [few, many] = [randomBytes(round * 977), randomBytes(round * 300_007)];
      await passed.add(few);
      passed.until = after(round % 4);
      // Every third begins where it would, had something else come before it.
      await passed.take(many, (passed.size + (round % 3 === 0 ? 5 : 0)) % PAGE_SIZE);
      contents.push(few, many);
    }
    await passed.flush();
    expect(passed.content.equals(Buffer.concat(contents))).toBe(true);
    expect(passed.slow).toBe(0);
    expect(passed.placesOfLeases.length).toBeGreaterThan(10);
  });

  test("are given back once, when what was done with them has ended", async () => {
    const passed = new Passed();
    const held = Promise.withResolvers<void>();
    passed.until = held.promise;
    await passed.take(randomBytes(8 * MIB), 0);
    await passed.take(randomBytes(8 * MIB), 0);
    const third = passed.take(randomBytes(8 * MIB), 0);
    await after(5);
    expect(passed.placesOfLeases).toHaveLength(2);
    expect(passed.leases.map(({ givenBack }) => givenBack)).toEqual([0, 0, 0]);
    held.resolve();
    await third;
    await passed.flush();
    expect(passed.leases.map(({ givenBack }) => givenBack)).toEqual([1, 1, 1]);
  });

  test("are given back where they cannot be written, and who comes later is told", async () => {
    const passed = new Passed();
    passed.until = thrownLater(Promise.reject(new Error("the disk is full")));
    await passed.take(randomBytes(8 * MIB), 0);
    await passed.take(randomBytes(8 * MIB), 0);
    await expect(passed.take(randomBytes(8 * MIB), 0)).rejects.toThrow("the disk is full");
    expect(passed.leases.map(({ givenBack }) => givenBack)).toEqual([1, 1, 1]);
    await expect(passed.flush()).rejects.toThrow("the disk is full");
  });
});

/** Resolves after so many turns of the event loop. */
async function after(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
}

/** What was passed on, as a file would have it. */
class Passed {
  readonly leases: { readonly buffer: ArrayBufferLike; givenBack: number }[] = [];
  /** Of the blocks that are not copies. */
  readonly placesOfLeases: ArrayBufferLike[] = [];
  /** Blocks that cannot be written past the page cache: such as do not begin at a page of memory and of the file. */
  slow = 0;
  /** Bytes that were added. */
  size = 0;
  until = Promise.resolve();
  readonly #pieces: Buffer[] = [];
  #passed = 0;
  readonly #blocks = new OutputBlocks();

  get content(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  async add(bytes: Buffer): Promise<void> {
    this.size += bytes.length;
    await this.#blocks.add(bytes, this.#pass);
  }

  /** Takes over a lease of which the content begins at `at`. */
  async take(content: Buffer, at: number): Promise<void> {
    this.size += content.length;
    const whole = pageAlignedBuffer(PAGE_SIZE + content.length);
    whole.set(content, at);
    const counted = { buffer: whole.buffer, givenBack: 0 };
    this.leases.push(counted);
    const lease: Lease = {
      bytes: whole.subarray(at, at + content.length),
      [Symbol.dispose]: () => {
        counted.givenBack += 1;
        whole.fill(0);
      },
    };
    await this.#blocks.take(lease, this.#pass);
  }

  async flush(): Promise<void> {
    await this.#blocks.flush(this.#pass);
  }

  readonly #pass = async (bytes: Buffer<SharedArrayBuffer>): Promise<void> => {
    if (bytes.byteOffset % PAGE_SIZE !== 0 || this.#passed % PAGE_SIZE !== 0) this.slow += 1;
    this.#passed += bytes.length;
    if (this.leases.some(({ buffer }) => buffer === bytes.buffer))
      this.placesOfLeases.push(bytes.buffer);
    // Read only now: until it resolves, nobody may write there.
    const piece = Buffer.alloc(bytes.length);
    this.#pieces.push(piece);
    await this.until;
    bytes.copy(piece);
  };
}
