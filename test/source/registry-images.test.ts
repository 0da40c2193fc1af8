import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { sha256Hex } from "../../src/core/digest.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import type { ResolvedFoundImage } from "../../src/source/found-images.ts";
import { createRegistryImageSource } from "../../src/source/registry-images.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { serve } from "../registry/serve.ts";
import { AMD64, S390X, contentOf, stagedContent, imageOf, openImagePlace } from "./image-place.ts";
import { startImageRegistry } from "./image-registry.ts";
import { type LayoutImage, ociLayout } from "./oci-layout.ts";

const PLATFORM = "linux/amd64";
const OURS = imageOf(AMD64, ["a", "b".repeat(500_000), "a"]);
const OTHER = imageOf(S390X, ["other"]);
const BOTH: LayoutImage = { name: "x:0.24.0", images: [OTHER, OURS] };
const FILES = ociLayout([BOTH]);
const INDEX = FILES.find(({ content }) => content.includes("image.index.v1+json"))?.content;
const FAST = { retries: 1, firstDelayMs: 1, maxDelayMs: 1 };
const [, LAYER = Buffer.alloc(0)] = OURS.image.layers;

describe("images straight from a registry", () => {
  test("are taken for the platform, and no byte of another", async () => {
    await using place = await openPlace();
    const staged = await place.stage();
    expect(staged).toMatchObject({
      reference: `${place.registry.host}/team/ollama:0.24.0`,
      platform: PLATFORM,
      sourceDigest: `sha256:${sha256Hex(INDEX ?? "")}`,
    });
    expect(await stagedContent(staged)).toEqual(contentOf(OURS.image));
    expect(place.registry.requests).toHaveLength(5);
  });

  test("are in the staging volume unpacked, and not also as they came", async () => {
    await using place = await openPlace();
    const { config, layers } = await place.stage();
    const staged = new Set([config, ...layers].map(({ sha256 }) => sha256));
    expect(new Set(await readdir(join(place.staging, "blobs/sha256")))).toEqual(staged);
  });

  test.each(["none", "zstd"])("are the same with layers packed as %s", async (packing) => {
    const image = imageOf(AMD64, ["a", "b".repeat(500_000)], packing);
    await using place = await openPlace(ociLayout([{ name: "x:0.24.0", images: [image] }]));
    expect(await stagedContent(await place.stage())).toEqual(contentOf(image.image));
  });

  test("tell how long a registry wants to be left alone", async () => {
    await using place = await openPlace();
    const resolved = await place.resolve();
    place.registry.busy.add(`blobs/sha256:${sha256Hex(LAYER)}`);
    const told = new AbortController();
    const warnings: string[] = [];
    const onProgress = (event: ProgressEvent): void => {
      if (event.kind !== "warning") return;
      warnings.push(event.text);
      told.abort();
    };
    const staging = place.source.stage(resolved, { signal: told.signal, onProgress });
    await expect(staging).rejects.toMatchObject({ name: "AbortError" });
    expect(warnings).toEqual([
      expect.stringMatching(/^Trying again in 90 seconds: .* answers 429/),
    ]);
  });

  test("ask for no layer that is staged", async () => {
    await using place = await openPlace();
    const first = await place.stage();
    place.registry.requests.length = 0;
    expect(await place.resolve()).toMatchObject({ missingBytes: 0 });
    expect(await place.stage()).toEqual(first);
    expect(place.registry.requests.filter((path) => path.startsWith("blobs/"))).toEqual([]);
  });

  test("are planned with what the registry says of their size", async () => {
    await using place = await openPlace();
    const packed = OURS.image.layers.slice(0, 2).reduce((sum, { length }) => sum + length, 0);
    expect(await place.resolve()).toMatchObject({
      missingBytes: packed,
      statedSize: packed + OURS.image.config.length,
    });
  });

  test("are what they were when resolved, wherever the tag points by then", async () => {
    await using place = await openPlace();
    const resolved = await place.resolve();
    place.registry.change(INDEX ?? LAYER, undefined);
    expect(await stagedContent(await place.source.stage(resolved, {}))).toEqual(
      contentOf(OURS.image),
    );
  });

  test("are taken by the digest of one platform's manifest", async () => {
    const single = ociLayout([{ images: [OURS] }]);
    const manifest = single.find(({ content }) => content.includes('"layers":'))?.content ?? LAYER;
    await using place = await openPlace();
    const reference = `team/ollama@sha256:${sha256Hex(manifest)}`;
    const staged = await place.stage(reference);
    expect(staged.sourceDigest).toBe(`sha256:${sha256Hex(manifest)}`);
    expect(await stagedContent(staged)).toEqual(contentOf(OURS.image));
  });

  test("are refused where a digest brings something else", async () => {
    await using place = await openPlace();
    place.registry.change(INDEX ?? LAYER, Buffer.from("{}"));
    const reference = `team/ollama:0.24.0@sha256:${sha256Hex(INDEX ?? "")}`;
    await expect(place.stage(reference)).rejects.toMatchObject({
      code: "WRONG_CONTENT",
      message: expect.stringContaining(`expected sha256:${sha256Hex(INDEX ?? "")}`),
    });
  });

  test("are refused for a platform that is not there, with those that are", async () => {
    await using place = await openPlace();
    await expect(place.resolve(undefined, "linux/arm64")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `Cannot take "${place.registry.host}/team/ollama:0.24.0" from its registry for linux/arm64: there is only linux/s390x, linux/amd64`,
    });
  });

  test("are not found where the registry does not know them", async () => {
    await using place = await openPlace();
    await expect(place.resolve("team/ollama:absent")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining(`image "${place.registry.host}/team/ollama:absent": `),
    });
  });

  test("are refused with what to do where the registry wants a login", async () => {
    await using place = await openPlace();
    await using registry = await serve((_, response) => response.writeHead(401).end());
    const { host } = new URL(registry.url);
    const source = createRegistryImageSource({ volume: place.volume, insecureHosts: [host] });
    const wanted = { reference: `${host}/team/ollama:1`, platform: PLATFORM };
    await expect(source.resolve(wanted, {})).rejects.toMatchObject({
      code: "REFUSED",
      hint: expect.stringContaining("docker-daemon:"),
    });
  });

  test("are refused for a layer whose bytes do not match, which keeps no name", async () => {
    await using place = await openPlace();
    place.registry.change(LAYER, Buffer.alloc(LAYER.length, "wrong"));
    await expect(place.stage()).rejects.toMatchObject({
      code: "WRONG_CONTENT",
      message: expect.stringContaining(sha256Hex(LAYER)),
    });
    expect(await readdir(join(place.staging, "blobs/sha256"))).not.toContain(sha256Hex(LAYER));
  });

  test("are refused for a layer that is not what the config says", async () => {
    const wrong = { ...OURS.image, layers: OURS.image.layers.with(1, gzipSync("no")) };
    const image = { ...OURS, image: wrong };
    await using place = await openPlace(ociLayout([{ name: "x:0.24.0", images: [image] }]));
    await expect(place.stage()).rejects.toMatchObject({
      code: "WRONG_CONTENT",
      message: expect.stringContaining(`expected ${OURS.image.diffIds[1]}`),
    });
  });

  test.each([
    ["of 2014", '{"schemaVersion":1,"fsLayers":[]}', "schema of 2014"],
    [
      "that is manifest and index at once",
      '{"schemaVersion":2,"manifests":[],"layers":[]}',
      "neither",
    ],
    ["that is no JSON", "<html>", "not JSON"],
    ["of something else than an image", '{"schemaVersion":2,"config":{},"layers":[]}', "digest"],
  ])("are refused for a manifest %s", async (_, manifest, found) => {
    await using place = await openPlace();
    place.registry.change(INDEX ?? LAYER, Buffer.from(manifest));
    await expect(place.stage()).rejects.toMatchObject({
      code: "BAD_ANSWER",
      message: expect.stringContaining(found),
    });
  });

  test("are staged where another run unpacks a layer, and removes it as it came, at the same moment", async () => {
    await using place = await openPlace();
    const resolved = await place.resolve();
    const fetch = place.volume.fetch.bind(place.volume);
    vi.spyOn(place.volume, "fetch").mockImplementationOnce(async (...args) => {
      const packed = await fetch(...args);
      await place.stageInOtherRun(resolved);
      return packed;
    });
    expect(await stagedContent(await place.source.stage(resolved, {}))).toEqual(
      contentOf(OURS.image),
    );
  });
});

async function openPlace(files = FILES) {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await openImagePlace());
  const registry = stack.use(await startImageRegistry(files));
  const options = { insecureHosts: [registry.host], retry: FAST, env: {} };
  const source = createRegistryImageSource({ ...options, volume: place.volume });
  const resolve = (name = "team/ollama:0.24.0", platform = PLATFORM) =>
    source.resolve({ reference: `${registry.host}/${name}`, platform }, {});
  const stage = async (name?: string) => source.stage(await resolve(name), {});
  const stageInOtherRun = async (resolved: ResolvedFoundImage) => {
    const volume = await StagingVolume.open(place.staging, place.pool);
    const other = createRegistryImageSource({ ...options, volume });
    await other.stage(resolved, {});
  };
  const open = stack.move();
  return {
    ...place,
    registry,
    source,
    resolve,
    stage,
    stageInOtherRun,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
