import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/core/digest.ts";
import { tarOf } from "../../src/core/tar.ts";
import { createArchiveSource } from "../../src/source/archive-images.ts";
import { createOciLayoutSource } from "../../src/source/oci-layout-images.ts";
import type { StagedImage } from "../../src/source/source.ts";
import { AMD64, contentOf, stagedContent, imageOf, openImagePlace } from "./image-place.ts";
import { type LayoutImage, ociLayout, writeFiles } from "./oci-layout.ts";
import { type SavedFile, blobPath } from "./saved-image.ts";
import { BOTH, OTHER, OURS, PLATFORM, REFERENCE, changed, layerPath } from "./two-images.ts";

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
