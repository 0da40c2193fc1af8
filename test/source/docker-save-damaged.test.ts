import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { tarOf } from "../../src/core/tar.ts";
import { REFERENCE, openSavePlace } from "./save-place.ts";
import { type SavedFile, blobPath, compressions, manifestOf, savedImage } from "./saved-image.ts";

const SAMPLES = join(import.meta.dirname, "../contract/docker-save");

const place = await openSavePlace();
const { directory, read, readArchive } = place;
afterAll(() => place[Symbol.asyncDispose]());

describe("readDockerSave", () => {
  describe("of what is not whole", () => {
    it("refuses an archive that was cut anywhere before its last entry, though a tar reader takes it for whole", async () => {
      const whole = await readFile(join(SAMPLES, "one-image.tar"));
      const manifestEnds = whole.indexOf("manifest.json\0") + 1024;
      for (let end = 0; end < manifestEnds; end += 512) {
        const reading = readArchive(Readable.from([whole.subarray(0, end)]), {
          reference: "docker.io/example/base:1",
        });
        await expect(reading, `cut after ${end} bytes`).rejects.toMatchObject({
          code: "INCOMPLETE",
        });
      }
    });

    it("moby#47065: refuses an archive without a layer that it names, and says which", async () => {
      const { files, layers } = savedImage(["a", "b", "c"]);
      const second = blobPath(layers[1] ?? Buffer.alloc(0));
      await expect(read(files.filter(({ path }) => path !== second))).rejects.toMatchObject({
        name: "SourceError",
        code: "INCOMPLETE",
        message: `Cannot use what the engine saved of "${REFERENCE}": layer 2 of 3 ("${second}") is not in it`,
      });
    });

    it("refuses an archive without the config that it names", async () => {
      const { files, config } = savedImage(["a"]);
      await expect(read(files.filter(({ path }) => path !== blobPath(config)))).rejects.toThrow(
        `the config "${blobPath(config)}" is not in it`,
      );
    });

    it("refuses fewer layers than the config has", async () => {
      const { files } = savedImage(["a", "b"]);
      const [entry] = manifestOf(files);
      await expect(
        read(withManifest(files, [{ ...entry, Layers: entry?.Layers.slice(1) }])),
      ).rejects.toThrow("it names 1 layers, and its config 2");
    });

    it("refuses layers in another order", async () => {
      const { files } = savedImage(["a", "b"]);
      const [entry] = manifestOf(files);
      const swapped = withManifest(files, [{ ...entry, Layers: entry?.Layers.toReversed() }]);
      await expect(read(swapped)).rejects.toMatchObject({
        code: "WRONG_CONTENT",
        message: expect.stringContaining("layer 1 of 2"),
      });
    });

    it.each(Object.keys(compressions))(
      "refuses a damaged blob with compression: %s",
      async (name) => {
        const { files, layers } = savedImage(["a".repeat(10_000)], {
          compress: compressions[name] ?? ((layer) => layer),
        });
        const path = blobPath(layers[0] ?? Buffer.alloc(0));
        const damaged = files.map((file) =>
          file.path === path ? { path, content: flipped(file.content) } : file,
        );
        await expect(read(damaged)).rejects.toMatchObject({
          code: "WRONG_CONTENT",
          message: expect.stringContaining(`"${path}" of the image`),
        });
      },
    );

    it("refuses a compressed blob that unpacks well and is not what its name says", async () => {
      const { files, layers } = savedImage(["a"], {
        compress: compressions["gzip"] ?? ((layer) => layer),
      });
      const path = blobPath(layers[0] ?? Buffer.alloc(0));
      const other =
        savedImage(["b"], { compress: compressions["gzip"] ?? ((layer) => layer) }).layers[0] ??
        Buffer.alloc(0);
      const swapped = files.map((file) => (file.path === path ? { path, content: other } : file));
      await expect(read(swapped)).rejects.toMatchObject({
        code: "WRONG_CONTENT",
        message: expect.stringContaining(`"${path}" of the image "${REFERENCE}": it hashes to`),
      });
    });

    it("refuses an image of another platform", async () => {
      const { files } = savedImage(["a"], { platform: { os: "linux", architecture: "s390x" } });
      await expect(read(files)).rejects.toThrow("it holds only linux/s390x, expected linux/amd64");
    });

    it("refuses an image with other layers than the engine states", async () => {
      const reading = read(savedImage(["a"]).files, { diffIds: [`sha256:${"0".repeat(64)}`] });
      await expect(reading).rejects.toThrow(
        "expected linux/amd64 with the 1 layers that the engine states",
      );
    });

    it("passes on what breaks the stream", async () => {
      const failure = new RangeError("the engine is gone");
      const tar = Readable.from(
        (async function* () {
          yield tarOf(savedImage(["a"]).files).subarray(0, 1000);
          throw failure;
        })(),
      );
      await expect(readArchive(tar)).rejects.toBe(failure);
    });

    it("ends with the reason of an abort, and leaves nothing half-written", async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const tar = new Readable({ read() {} });
      tar.push(
        tarOf([
          { path: blobPath(Buffer.alloc(2_000_000)), content: Buffer.alloc(2_000_000) },
        ]).subarray(0, 1_000_000),
      );
      const onProgress = () => controller.abort(reason);
      const reading = readArchive(tar, { signal: controller.signal, onProgress });
      await expect(reading).rejects.toBe(reason);
      expect(tar.destroyed).toBe(true);
      expect(await readdir(join(directory, "tmp"))).toEqual([]);
    });
  });

  describe("of what is hostile", () => {
    it.each(["../../../outside", "/outside", "blobs/sha256/../../../../outside"])(
      "takes the path %j for a name, and never for a path",
      async (path) => {
        const outside = { path, content: Buffer.from("outside") };
        expect((await read([outside, ...savedImage(["a"]).files])).layers).toHaveLength(1);
        await expect(readFile(join(directory, "../outside"))).rejects.toMatchObject({
          code: "ENOENT",
        });
      },
    );

    it("CVE-2024-37032: takes a digest that is none for a name", async () => {
      const { files } = savedImage(["a"]);
      const [entry] = manifestOf(files);
      const hostile = withManifest(files, [
        { ...entry, Config: "blobs/sha256/../../../../etc/passwd" },
      ]);
      await expect(read(hostile)).rejects.toMatchObject({ code: "INCOMPLETE" });
    });

    it("does not follow a link out of the archive", async () => {
      const link = await linkTo("/etc/passwd", "layer.tar");
      const saved = savedImage(["a"]);
      const [entry] = manifestOf(saved.files);
      const files = tarOf(withManifest(saved.files, [{ ...entry, Layers: ["layer.tar"] }]));
      const tar = Readable.from([link, files]);
      await expect(readArchive(tar)).rejects.toThrow('("layer.tar") is not in it');
    });

    it("does not read a manifest.json without end", async () => {
      const manifest = { path: "manifest.json", content: Buffer.alloc(4 * 1024 * 1024 + 1, " ") };
      await expect(read([manifest])).rejects.toThrow("its manifest.json has 4194305 bytes");
    });

    it("does not read a config without end", async () => {
      const config = Buffer.concat([
        Buffer.from("{"),
        Buffer.alloc(4 * 1024 * 1024, " "),
        Buffer.from("}"),
      ]);
      const manifest = [{ Config: blobPath(config), RepoTags: null, Layers: [] }];
      const files = [
        { path: blobPath(config), content: config },
        { path: "manifest.json", content: Buffer.from(JSON.stringify(manifest)) },
      ];
      await expect(read(files)).rejects.toThrow("its config is not one of an image");
    });

    it("does not count entries without end", async () => {
      const entry = tarOf([{ path: "oci-layout", content: Buffer.alloc(0) }]).subarray(0, 512);
      const tar = Readable.from([Buffer.concat(Array.from({ length: 10_001 }, () => entry))]);
      await expect(readArchive(tar)).rejects.toThrow("more than 10000 entries");
    });

    it.each(["[", "{}", '[{"Config":7}]', "[]"])(
      "refuses the manifest.json %j",
      async (content) => {
        await expect(
          read([{ path: "manifest.json", content: Buffer.from(content) }]),
        ).rejects.toMatchObject({ code: "INCOMPLETE" });
      },
    );

    it("takes a name that is none for another image's", async () => {
      const { files } = savedImage(["a"], { reference: "NOT a name" });
      expect((await read(files)).layers).toHaveLength(1);
    });
  });
});

function withManifest(files: readonly SavedFile[], manifest: object): SavedFile[] {
  const content = Buffer.from(JSON.stringify(manifest));
  return files.map((file) => (file.path === "manifest.json" ? { ...file, content } : file));
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 0x10;
  return copy;
}

/** The header block of a symbolic link. */
async function linkTo(target: string, path: string): Promise<Buffer> {
  const block = Buffer.from(tarOf([{ path, content: Buffer.alloc(0) }]).subarray(0, 512));
  block.write("2", 156, "latin1");
  block.write(target, 157, "latin1");
  block.write("        ", 148, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
