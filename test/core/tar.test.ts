import { execFile } from "node:child_process";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { type ReadTarEntry, TarError, readTar, tarOf, writeTar } from "../../src/core/tar.ts";

const threeFiles = [
  { path: "a", content: Buffer.from("first") },
  { path: "dir/b", content: Buffer.alloc(200_000, "b") },
  { path: "c", content: Buffer.from("third") },
];

describe("readTar", () => {
  it("gives every entry with its content", async () => {
    expect(await contents(inPieces(tarOf(threeFiles)))).toEqual({ a: 5, "dir/b": 200_000, c: 5 });
  });

  it("skips content that nobody reads", async () => {
    expect(await paths(inPieces(tarOf(threeFiles)))).toEqual(["a", "dir/b", "c"]);
  });

  it("tells links and where they point", async () => {
    const tar = Readable.from([await linkTar()]);
    const links: (string | undefined)[] = [];
    for await (const { type, linkName } of readTar(tar))
      if (type === "symlink") links.push(linkName);
    expect(links).toEqual(["../target/layer.tar"]);
  });

  it("says that a tar which ends within an entry is damaged", async () => {
    const cut = tarOf(threeFiles).subarray(0, 5000);
    await expect(paths(inPieces(cut))).rejects.toThrow(TarError);
    await expect(contents(inPieces(cut))).rejects.toThrow(TarError);
  });

  it("says that bytes which are no tar are not one", async () => {
    await expect(paths(inPieces(Buffer.alloc(4096, "no tar ")))).rejects.toThrow(
      /Invalid tar header/,
    );
  });

  it("passes on what the stream threw, to whoever reads entries or content", async () => {
    await expect(paths(failing(tarOf(threeFiles), 100))).rejects.toThrow("the disk is gone");
    await expect(contents(failing(tarOf(threeFiles), 5000))).rejects.toThrow("the disk is gone");
  });

  it("fails when its stream is closed without an end", async () => {
    const tar = new Readable({ read() {} });
    tar.push(tarOf(threeFiles).subarray(0, 5000));
    const reading = contents(tar);
    tar.destroy();
    await expect(reading).rejects.toThrow("Premature close");
  });

  it("ends with the reason of an abort, and destroys a stream that gives nothing any more", async () => {
    const tar = new Readable({ read() {} });
    tar.push(tarOf(threeFiles).subarray(0, 5000));
    const controller = new AbortController();
    const reading = contents(tar, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(tar.destroyed).toBe(true);
  });

  it("destroys the stream when the reader leaves early", async () => {
    const tar = new Readable({ read() {} });
    tar.push(tarOf(threeFiles).subarray(0, 5000));
    for await (const { path } of readTar(tar)) {
      expect(path).toBe("a");
      break;
    }
    expect(tar.destroyed).toBe(true);
  });

  it("lets an error of the reader through as it is", async () => {
    const tar = inPieces(tarOf(threeFiles));
    const reading = async () => {
      for await (const _ of readTar(tar)) throw new RangeError("not wanted");
    };
    await expect(reading()).rejects.toThrow(RangeError);
    expect(tar.destroyed).toBe(true);
  });

  it("holds back a stream that is faster than its reader", async () => {
    let given = 0;
    const tar = tarOf([{ path: "large", content: Buffer.alloc(8_000_000) }]);
    const source = Readable.from(
      (async function* () {
        for (let at = 0; at < tar.length; at += 16_384) {
          given += 1;
          yield tar.subarray(at, at + 16_384);
        }
      })(),
    );
    for await (const { content } of readTar(source)) {
      const iterator = content[Symbol.asyncIterator]();
      await iterator.next();
      await new Promise((resolve) => setImmediate(resolve));
      expect(given).toBeLessThan(60);
      while ((await iterator.next()).done !== true);
    }
    expect(given).toBe(Math.ceil(tar.length / 16_384));
  });
});

describe("writeTar", () => {
  it("writes what tar reads", async () => {
    const tar = await buffer(
      writeTar([
        { path: "a", size: 5, content: Buffer.from("first") },
        {
          path: "run.sh",
          size: 6,
          mode: 0o755,
          content: Readable.from([Buffer.from("abc"), Buffer.from("def")]),
        },
      ]),
    );
    expect(await listing(tar)).toEqual(["-rw-r--r-- 5 a", "-rwxr-xr-x 6 run.sh"]);
  });

  it("is the tar in memory when it has the same entries", async () => {
    const streamed = await buffer(
      writeTar(threeFiles.map((file) => ({ ...file, size: file.content.length }))),
    );
    expect(streamed.equals(tarOf(threeFiles))).toBe(true);
  });

  it("stops at content that is longer or shorter than its entry says", async () => {
    for (const size of [4, 6]) {
      const tar = writeTar([{ path: "a", size, content: Buffer.from("first") }]);
      await expect(buffer(tar)).rejects.toThrow(
        `"a" into a tar: its content is ${size === 4 ? "longer" : "shorter"} than ${size} bytes`,
      );
    }
  });
});

function inPieces(bytes: Buffer): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
    bytes.subarray(i * 1000, (i + 1) * 1000),
  );
  return Readable.from(pieces);
}

function failing(bytes: Buffer, after: number): Readable {
  return Readable.from(
    (async function* () {
      yield bytes.subarray(0, after);
      throw new Error("the disk is gone");
    })(),
  );
}

async function contents(tar: Readable, signal?: AbortSignal): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for await (const entry of readTar(tar, { signal })) {
    sizes[entry.path] = await sizeOf(entry);
    expect(sizes[entry.path]).toBe(entry.size);
  }
  return sizes;
}

async function sizeOf({ content }: ReadTarEntry): Promise<number> {
  let size = 0;
  for await (const bytes of content) size += bytes.length;
  return size;
}

async function paths(tar: Readable): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of readTar(tar)) found.push(path);
  return found;
}

async function linkTar(): Promise<Buffer> {
  const script = `d=$(mktemp -d) && ln -s ../target/layer.tar $d/layer.tar && tar -C $d --format=ustar -cf - layer.tar && rm -r $d`;
  const { stdout } = await promisify(execFile)("sh", ["-c", script], { encoding: "buffer" });
  return stdout;
}

async function listing(tar: Buffer): Promise<string[]> {
  const child = promisify(execFile)("tar", ["-tv", "--numeric-owner"]);
  child.child.stdin?.end(tar);
  const { stdout } = await child;
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^(\S+) 0\/0 +(\d+) \S+ \S+ (\S+)$/, "$1 $2 $3"));
}
