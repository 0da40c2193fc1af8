import { execFile } from "node:child_process";
import { readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/core/digest.ts";
import { tarOf } from "../../src/core/tar.ts";
import { createArchiveSource } from "../../src/source/archive-images.ts";
import { createOciLayoutSource } from "../../src/source/oci-layout-images.ts";
import type { StagedImage } from "../../src/source/source.ts";
import type { StagingVolume } from "../../src/staging/staging-volume.ts";
import { AMD64, S390X, contentOf, stagedContent, imageOf, openImagePlace } from "./image-place.ts";
import { type LayoutImage, ociLayout, writeFiles } from "./oci-layout.ts";
import { type SavedFile, blobPath, manifestOf, savedImage } from "./saved-image.ts";

const REFERENCE = "registry.example/team/ollama:0.24.0";
const PLATFORM = "linux/amd64";
const SAMPLES = join(import.meta.dirname, "../contract/docker-save");
const OURS = imageOf(AMD64, ["a", "b".repeat(500_000), "a"]);
const OTHER = imageOf(S390X, ["other"]);
const BOTH: LayoutImage = { name: REFERENCE, images: [OTHER, OURS] };

interface Place extends AsyncDisposable {
  /** Replaces what is there. */
  readonly write: (files: readonly SavedFile[]) => Promise<void>;
  readonly stage: (name?: string, platform?: string) => Promise<StagedImage>;
}

describe.each(["oci", "oci-archive"] as const)("images from %s", (transport) => {
  test("are taken for the platform, whatever else their index lists", async () => {
    await using place = await placeOf(ociLayout([BOTH]));
    const staged = await place.stage(REFERENCE);
    expect(staged).toMatchObject({ reference: REFERENCE, platform: PLATFORM });
    expect(await stagedContent(staged)).toEqual(contentOf(OURS.image));
  });

  test("have the digest of their index, as a registry would tell it", async () => {
    const files = ociLayout([BOTH]);
    await using place = await placeOf(files);
    const { sourceDigest } = await place.stage();
    const index = files.find(({ content }) => content.includes("image.index.v1+json"));
    expect(sourceDigest).toBe(`sha256:${sha256Hex(index?.content ?? "")}`);
  });

  test.each(["none", "gzip", "zstd"])("are the same with layers packed as %s", async (packing) => {
    const image = imageOf(AMD64, ["a", "b".repeat(500_000)], packing);
    await using place = await placeOf(ociLayout([{ name: REFERENCE, images: [image] }]));
    expect(await stagedContent(await place.stage())).toEqual(contentOf(image.image));
  });

  test("are named after their file where they have but a tag, or nothing", async () => {
    await using tagged = await placeOf(ociLayout([{ name: "0.24.0", images: [OURS] }]));
    expect((await tagged.stage("0.24.0")).reference).toBe("localhost/my-ollama:0.24.0");
    await using unnamed = await placeOf(ociLayout([{ images: [OURS] }]));
    expect((await unnamed.stage()).reference).toBe("localhost/my-ollama:latest");
  });

  test("are told by their names, and must be where there are several", async () => {
    const more: LayoutImage = { name: "other", images: [imageOf(AMD64, ["else"])] };
    await using place = await placeOf(ociLayout([BOTH, more]));
    expect(await stagedContent(await place.stage(REFERENCE))).toEqual(contentOf(OURS.image));
    await expect(place.stage()).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`it has "${REFERENCE}", "other"`),
    });
    await expect(place.stage("absent")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(/Cannot find "absent" in .*it has "registry\.example/),
    });
  });

  test("are refused for a platform that is not there, with those that are", async () => {
    await using place = await placeOf(ociLayout([BOTH]));
    await expect(place.stage(REFERENCE, "linux/arm64")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(
        /"registry\.example\/team\/ollama:0\.24\.0" from .* for linux\/arm64: there is only linux\/s390x, linux\/amd64$/,
      ),
    });
    await using single = await placeOf(ociLayout([{ images: [OTHER] }]));
    await expect(single.stage()).rejects.toMatchObject({
      message: expect.stringContaining("there is only linux/s390x"),
    });
  });

  test("are refused for a layer whose bytes are not those of its digest", async () => {
    const path = layerPath(1);
    await using place = await placeOf(changed(path, Buffer.alloc(600, "wrong")));
    await expect(place.stage()).rejects.toMatchObject({
      code: "WRONG_CONTENT",
      message: expect.stringMatching(new RegExp(`${path}".*expected sha256:${path.slice(13)}`)),
    });
  });

  test("are refused for a layer that is not what the config says", async () => {
    const wrong = { ...OURS.image, layers: OURS.image.layers.with(1, gzipSync("no")) };
    const files = ociLayout([{ name: REFERENCE, images: [{ ...OURS, image: wrong }] }]);
    await using place = await placeOf(files);
    await expect(place.stage()).rejects.toMatchObject({
      code: "WRONG_CONTENT",
      message: expect.stringContaining(`expected ${OURS.image.diffIds[1]}`),
    });
  });

  test.each(["config", "manifest"])("are refused for another %s than was stated", async (what) => {
    const files = ociLayout([{ name: REFERENCE, images: [OURS] }]);
    const file = files.find(({ path, content }) =>
      what === "config" ? path === blobPath(OURS.image.config) : content.includes('"layers":'),
    );
    await using place = await placeOf(
      changed(file?.path ?? "", Buffer.from('{"os":"linux"}'), files),
    );
    await expect(place.stage()).rejects.toMatchObject({
      code: "WRONG_CONTENT",
      message: expect.stringContaining(`its ${what} hashes to sha256:`),
    });
  });

  test.each([
    ["layer", () => layerPath(1)],
    ["config", () => blobPath(OURS.image.config)],
    ["index.json", () => "index.json"],
  ])("are refused where the %s is missing, by its name", async (_, pathOf) => {
    const path = pathOf();
    await using place = await placeOf(ociLayout([BOTH]).filter((file) => file.path !== path));
    await expect(place.stage(REFERENCE)).rejects.toMatchObject({
      code: "INCOMPLETE",
      message: expect.stringContaining(path),
    });
  });

  test("are not read for layers that are staged", async () => {
    const files = ociLayout([BOTH]);
    await using place = await placeOf(files);
    const first = await place.stage();
    await place.write(files.filter(({ path }) => path !== layerPath(1)));
    expect(await place.stage()).toEqual(first);
  });

  async function placeOf(files: readonly SavedFile[]): Promise<Place> {
    const place = await openImagePlace();
    const path = join(place.path, transport === "oci" ? "My Ollama" : "My Ollama.tar");
    const write = async (contents: readonly SavedFile[]): Promise<void> => {
      await rm(path, { recursive: true, force: true });
      if (transport === "oci") await writeFiles(path, contents);
      else await writeFile(path, tarOf(contents));
    };
    await write(files);
    const stage = async (name?: string, platform = PLATFORM): Promise<StagedImage> => {
      const at = { path, name, volume: place.volume };
      const source =
        transport === "oci"
          ? createOciLayoutSource(at)
          : createArchiveSource({ ...at, kind: "oci" });
      return source.stage(await source.resolve({ platform }, {}), {});
    };
    return { write, stage, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
  }
});

test.each(["index.json", layerPath(1)])(
  "an OCI layout is not waited for where %s is a named pipe",
  async (name) => {
    await using place = await openImagePlace();
    await writeFiles(
      place.path,
      ociLayout([BOTH]).filter(({ path }) => path !== name),
    );
    await promisify(execFile)("mkfifo", [join(place.path, name)]);
    const source = createOciLayoutSource(place);
    const staging = source.resolve({ platform: PLATFORM }, {}).then((it) => source.stage(it, {}));
    await expect(staging).rejects.toMatchObject({
      code: "INCOMPLETE",
      message: `Cannot read "${join(place.path, name)}": it is not a regular file`,
    });
  },
);

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

function layerPath(at: number): string {
  return blobPath(OURS.image.layers[at] ?? Buffer.alloc(0));
}

function changed(
  path: string,
  content: Buffer,
  files: readonly SavedFile[] = ociLayout([BOTH]),
): SavedFile[] {
  return files.map((file) => (file.path === path ? { path, content } : file));
}
