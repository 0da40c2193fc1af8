import { readFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { tarOf } from "../../src/core/tar.ts";
import { createArchiveSource } from "../../src/source/archive-images.ts";
import type { StagedImage } from "../../src/source/source.ts";
import type { StagingVolume } from "../../src/staging/staging-volume.ts";
import { AMD64, S390X, imageOf, openImagePlace } from "./image-place.ts";
import { type SavedFile, blobPath, manifestOf, savedImage } from "./saved-image.ts";
import { PLATFORM, SAMPLES, changed } from "./two-images.ts";

describe("images from docker-archive", () => {
  test.each([
    { sample: "one-image", name: undefined, reference: "docker.io/example/base:1", layers: 2 },
    { sample: "two-images-with-links", name: "docker.io/example/base:1", layers: 2 },
    { sample: "two-images-with-links", name: "docker.io/example/derived:1", layers: 5 },
    {
      sample: "docker-28",
      name: undefined,
      reference: "docker.io/library/ollama-bundle-test:t2f1becfe49cf",
    },
  ])("are taken from what docker saved: $name in $sample.tar", async ({ sample, ...wanted }) => {
    await using place = await openImagePlace();
    const staged = await stageFrom(place, join(SAMPLES, `${sample}.tar`), wanted.name);
    expect(staged.reference).toBe(wanted.reference ?? wanted.name);
    expect(staged.layers).toHaveLength(wanted.layers ?? staged.layers.length);
    const { rootfs } = JSON.parse(await readFile(staged.config.path, "utf8"));
    expect(staged.layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(rootfs.diff_ids);
  });

  test("are taken from a compressed archive", async () => {
    await using place = await openImagePlace();
    const tar = await readFile(join(SAMPLES, "one-image.tar"));
    await writeFile(join(place.path, "one.tar.gz"), gzipSync(tar));
    const staged = await stageFrom(place, join(place.path, "one.tar.gz"));
    expect(staged.reference).toBe("docker.io/example/base:1");
  });

  test("bring no layer of another image in the archive into the staging volume", async () => {
    await using place = await openImagePlace();
    const archive = join(SAMPLES, "two-images-with-links.tar");
    const { config, layers } = await stageFrom(place, archive, "docker.io/example/base:1");
    const staged = new Set([config, ...layers].map(({ sha256 }) => sha256));
    expect(new Set(await readdir(join(place.staging, "blobs/sha256")))).toEqual(staged);
  });

  test("are named after their file where they were saved without a name", async () => {
    await using place = await openImagePlace();
    const { files } = savedImage(["a"]);
    const manifest = JSON.stringify([{ ...manifestOf(files)[0], RepoTags: null }]);
    const archive = await writeArchive(
      place,
      changed("manifest.json", Buffer.from(manifest), files),
    );
    expect((await stageFrom(place, archive)).reference).toBe("localhost/saved:latest");
  });

  test("are refused where the archive has not the name, with those that it has", async () => {
    await using place = await openImagePlace();
    const archive = join(SAMPLES, "two-images-with-links.tar");
    await expect(stageFrom(place, archive, "docker.io/example/absent:1")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `Cannot find "docker.io/example/absent:1" in "${archive}": it has "docker.io/example/base:1", "docker.io/example/derived:1"`,
    });
    await expect(stageFrom(place, archive)).rejects.toMatchObject({ code: "USAGE" });
  });

  test("are refused where the archive has them for another platform", async () => {
    await using place = await openImagePlace();
    const archive = await writeArchive(place, savedImage(["a"], { platform: S390X }).files);
    await expect(stageFrom(place, archive)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `Cannot take an image from "${archive}" for linux/amd64: there is only linux/s390x`,
    });
  });

  test.each(["none", "gzip"])("are refused for a damaged layer: %s", async (packing) => {
    await using place = await openImagePlace();
    const { image } = imageOf(AMD64, ["a", "b"], packing);
    const path = blobPath(image.layers[1] ?? Buffer.alloc(0));
    const archive = await writeArchive(place, changed(path, Buffer.alloc(600, "no"), image.files));
    await expect(stageFrom(place, archive)).rejects.toMatchObject({
      code: "WRONG_CONTENT",
      message: expect.stringContaining(path),
    });
  });

  test("are refused where a layer is missing, by its name", async () => {
    await using place = await openImagePlace();
    const { files, layers } = savedImage(["a", "b"]);
    const path = blobPath(layers[1] ?? Buffer.alloc(0));
    const archive = await writeArchive(
      place,
      files.filter((file) => file.path !== path),
    );
    await expect(stageFrom(place, archive)).rejects.toMatchObject({
      code: "INCOMPLETE",
      message: expect.stringContaining(`layer 2 ("${path}") is not there`),
    });
  });

  test.each([
    ["cut off within a layer", 100_000],
    ["cut off between two entries", 1024],
    ["empty", 0],
  ])("are refused for an archive that is %s", async (_, length) => {
    await using place = await openImagePlace();
    const archive = await writeArchive(place, savedImage(["b".repeat(500_000), "a"]).files);
    await truncate(archive, length);
    await expect(stageFrom(place, archive)).rejects.toMatchObject({
      name: "SourceError",
      code: "INCOMPLETE",
      message: expect.stringContaining(`"${archive}"`),
    });
  });

  test.each([
    ["absent.tar", "there is nothing"],
    [".", "it is no file"],
  ])("are refused where the path is %s", async (name, found) => {
    await using place = await openImagePlace();
    await expect(stageFrom(place, join(place.path, name))).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining(found),
    });
  });

  test("are refused for a file that is no archive", async () => {
    await using place = await openImagePlace();
    await writeFile(join(place.path, "holiday.jpg"), Buffer.alloc(100_000, "no archive "));
    await expect(stageFrom(place, join(place.path, "holiday.jpg"))).rejects.toMatchObject({
      code: "INCOMPLETE",
    });
  });

  async function writeArchive(
    { path }: { readonly path: string },
    files: readonly SavedFile[],
  ): Promise<string> {
    await writeFile(join(path, "saved.tar"), tarOf(files));
    return join(path, "saved.tar");
  }

  async function stageFrom(
    { volume }: { readonly volume: StagingVolume },
    path: string,
    name?: string,
  ): Promise<StagedImage> {
    const source = createArchiveSource({ path, name, volume, kind: "docker" });
    return source.stage(await source.resolve({ platform: PLATFORM }, {}), {});
  }
});
