import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { sha256Hex } from "../../src/core/digest.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { readTar } from "../../src/core/tar.ts";
import type { StagedImage } from "../../src/source/source.ts";
import { REFERENCE, openSavePlace } from "./save-place.ts";
import { blobPath, compressions, manifestOf, savedImage } from "./saved-image.ts";

const SAMPLES = join(import.meta.dirname, "../contract/docker-save");
const BASE_ID = "c8c39ba9ddd875916963e5079efed24c225ccb886e5690817a4ba2910b339308";
const DERIVED_ID = "23e04c5605965e904ee64143bddbb07d3287b5415722e8c8f992fa6a224ed9b2";

const place = await openSavePlace();
const { read, readArchive } = place;
afterAll(() => place[Symbol.asyncDispose]());

describe("readDockerSave", () => {
  describe("of real archives", () => {
    it.each([
      { sample: "one-image", reference: "docker.io/example/base:1", id: BASE_ID, layers: 2 },
      {
        sample: "two-images-with-links",
        reference: "docker.io/example/base:1",
        id: BASE_ID,
        layers: 2,
      },
      {
        sample: "two-images-with-links",
        reference: "docker.io/example/derived:1",
        id: DERIVED_ID,
        layers: 5,
      },
    ])(
      "takes $reference out of $sample.tar of Docker 20.10",
      async ({ sample, reference, id, layers }) => {
        const image = await readSample(sample, reference);
        expect(image).toMatchObject({ reference, platform: "linux/amd64" });
        expect(image.layers).toHaveLength(layers);
        expect(sha256Hex(await readFile(image.config.path))).toBe(id);
        await expectWholeImage(image);
      },
    );

    it("takes an image with gzip layers out of an archive of Docker 28", async () => {
      const image = await readSample(
        "docker-28",
        "docker.io/library/ollama-bundle-test:t2f1becfe49cf",
      );
      expect(image.config.sha256).toBe(
        "8e07127827de20cb5a3e8bcf3683cb055955d2f0283a39142a8b0c9874f0b495",
      );
      await expectWholeImage(image);
    });
  });

  describe("of the OCI layout", () => {
    it.each(Object.keys(compressions))("unpacks layers with compression: %s", async (name) => {
      const saved = savedImage(["a", "b".repeat(1_000_000), "c"], {
        compress: compressions[name] ?? ((layer) => layer),
      });
      const image = await read(saved.files);
      expect(await readFile(image.config.path)).toEqual(saved.config);
      expect(image.layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(saved.diffIds);
      await expectWholeImage(image);
    });

    it("gives a layer that repeats again", async () => {
      const image = await read(savedImage(["same", "other", "same"]).files);
      expect(image.layers[2]).toEqual(image.layers[0]);
    });

    it("takes the wanted platform, and not one that is named and absent", async () => {
      const [amd64, arm64] = [
        savedImage(["amd64"]),
        savedImage(["arm64"], { platform: { os: "linux", architecture: "arm64", variant: "v8" } }),
      ];
      const manifest = JSON.stringify([...manifestOf(arm64.files), ...manifestOf(amd64.files)]);
      const files = [
        ...amd64.files.filter(({ path }) => path !== "manifest.json"),
        { path: "manifest.json", content: Buffer.from(manifest) },
      ];
      expect((await read(files)).layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(
        amd64.diffIds,
      );
      await expect(read(files, { platform: "linux/arm64" })).rejects.toMatchObject({
        code: "INCOMPLETE",
      });
    });

    it("passes over manifests of attestations", async () => {
      const attestation = Buffer.from(
        '{"schemaVersion":2,"layers":[{"mediaType":"application/vnd.in-toto+json"}]}',
      );
      const image = await read([
        { path: blobPath(attestation), content: attestation },
        ...savedImage(["a"]).files,
      ]);
      expect(image.layers).toHaveLength(1);
    });

    it("tells the bytes as they come, and a total only as long as it can be right", async () => {
      const events: ProgressEvent[] = [];
      await read(savedImage(["a", "b"]).files, {
        statedSize: 3000,
        onProgress: (event: ProgressEvent) => events.push(event),
      });
      const dones = events.flatMap((event) => (event.kind === "bytes" ? [event.done] : []));
      expect(dones).toEqual([...dones].sort((a, b) => a - b));
      expect(events[0]).toMatchObject({ item: REFERENCE, total: 3000 });
      expect(events.at(-1)).not.toHaveProperty("total");
    });
  });

  function readSample(name: string, reference: string): Promise<StagedImage> {
    return readArchive(createReadStream(join(SAMPLES, `${name}.tar`)), { reference });
  }
});

async function expectWholeImage({ config, layers }: StagedImage): Promise<void> {
  const { rootfs } = JSON.parse(await readFile(config.path, "utf8"));
  expect(layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(rootfs.diff_ids);
  for (const { path, sha256, size } of layers) {
    const bytes = await readFile(path);
    expect([sha256Hex(bytes), bytes.length]).toEqual([sha256, size]);
    for await (const { type } of readTar(Readable.from([bytes]))) expect(type).not.toBe("other");
  }
}
