import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { BundleReader } from "../../../src/bundle/bundle-reader.ts";
import { decodeModelsJson } from "../../../src/bundle/decode-models-json.ts";
import { readEarlierBundle } from "../../../src/bundle/earlier-bundle.ts";
import { heldBy } from "../../../src/bundle/delta/held.ts";
import { type Delta, type ModelsJson, encodeModelsJson } from "../../../src/bundle/models-json.ts";
import { siteMustHold } from "../../../src/bundle/delta/site-must-hold.ts";
import { writeBundle } from "../../../src/bundle/write-bundle.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import { noise, smallContents, stagedImage, writeSmallBundle } from "../../support/small-bundle.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { verifyBundle } from "../../../src/verify-bundle.ts";

const HEX = "a".repeat(64);

/** A bundle, and the one that follows it: with other weights, less what the first one brought. */
async function deltaIn(directory: string, pool: ChunkPool, change: { image?: boolean } = {}) {
  const first = await writeSmallBundle(directory, pool);
  const contents = await smallContents(directory, noise(100_000, 9));
  const images = change.image
    ? [await stagedImage(directory, [noise(50_000, 5)])]
    : contents.images;
  const held = heldBy([first]);
  const path = join(directory, "second.tar.gz");
  const delta = await writeBundle(
    { ...contents, name: "second", images, held },
    { path, pool },
    {},
  );
  return { first, delta, path };
}

describe("a delta", () => {
  test("has no byte of what the site holds, and is whole without", async () => {
    await using directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    const { first, delta, path } = await deltaIn(directory.path, pool);
    const paths = delta.manifest.files.map((file) => file.path);
    expect(paths.filter((each) => each.startsWith("image/"))).toEqual([]);
    expect(paths.filter((each) => each.startsWith("models/blobs/"))).toHaveLength(1);

    const report = await verifyBundle({ bundle: path });
    expect(report).toMatchObject({ isAcceptable: true, findings: [] });
    expect(report.mustHold).toMatchObject({
      base: { bundles: [{ name: "small", id: first.id }] },
      images: [{ reference: "docker.io/ollama/ollama:0.24.0" }],
    });
    expect(report.mustHold?.blobs.map(({ size }) => size).toSorted()).toEqual([0, 2]);
  });

  test("tells in MODELS.txt and README.txt what it leaves out", async () => {
    await using directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    const { delta, path } = await deltaIn(directory.path, pool);
    await using reader = await BundleReader.open(path, pool);
    const text = (await reader.bytes("MODELS.txt")).toString();
    for (const blob of siteMustHold(delta.manifest)?.blobs ?? [])
      expect(text).toContain(`blob sha256:${blob.sha256}\n`);
    expect(text).toMatch(/the site must hold:\n\nimage docker\.io\/ollama\/ollama:0\.24\.0\n/);
    const readme = (await reader.bytes("README.txt")).toString();
    expect(readme).toContain("This is a delta");
    expect(readme).not.toContain("docker load");
  });

  test("has an image that changed as a whole, though the site has one of its layers", async () => {
    await using directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    const { delta } = await deltaIn(directory.path, pool, { image: true });
    const paths = delta.manifest.files.map((file) => file.path);
    expect(paths.filter((path) => path.startsWith("image/"))).toHaveLength(6);
    expect(siteMustHold(delta.manifest)?.images).toEqual([]);
  });

  test("of which the site has nothing is an ordinary bundle, byte for byte", async () => {
    await using directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    const contents = await smallContents(directory.path);
    const held = { base: { bundles: [] }, blobs: new Set([HEX]), images: [] };
    const plain = await writeSmallBundle(directory.path, pool, contents);
    const path = join(directory.path, "other.tar.gz");
    const other = await writeBundle({ ...contents, held }, { path, pool }, {});
    expect(other.sha256).toBe(plain.sha256);
    expect(other.manifest.delta).toBeUndefined();
  });

  test("is the same relative to a bundle and to its MODELS.json, and to a delta what that relied on too", async () => {
    await using directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    const { delta, path } = await deltaIn(directory.path, pool);
    const modelsJson = join(directory.path, "MODELS.json");
    await writeFile(modelsJson, encodeModelsJson(delta.manifest));
    const [fromBundle, fromJson] = await Promise.all([path, modelsJson].map(readEarlierBundle));
    expect(fromJson).toEqual(fromBundle);
    expect(fromBundle?.id).toBe(delta.id);
    const held = heldBy([fromBundle ?? delta]);
    expect(held.blobs).toEqual(new Set(delta.manifest.models.flatMap(({ blobs }) => blobs)));
    expect(held.images).toHaveLength(1);
  });
});

describe("the MODELS.json of a delta", () => {
  let good: ModelsJson;
  beforeAll(async () => {
    await using directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    good = (await deltaIn(directory.path, pool)).delta.manifest;
  });

  const withOmitted = (of: ModelsJson, change: (all: Delta["omitted"]) => unknown): unknown => ({
    ...of,
    delta: of.delta && { ...of.delta, omitted: change(of.delta.omitted) },
  });
  const lies: Record<string, (of: ModelsJson) => unknown> = {
    "something left out that nothing needs": (of) =>
      withOmitted(of, (all) => [
        ...all,
        { path: `models/blobs/sha256-${HEX}`, size: 1, sha256: HEX },
      ]),
    "something left out that is packed": (of) =>
      withOmitted(of, (all) => [
        ...all,
        ...of.files.filter(({ path }) => path.startsWith("models/blobs/")),
      ]),
    "a path outside of the store left out": (of) =>
      withOmitted(of, (all) => [...all, { path: "../../../etc/passwd", size: 1, sha256: HEX }]),
    "a model's manifest left out": (of) =>
      withOmitted(
        { ...of, files: of.files.filter(({ path }) => !path.includes("/manifests/")) },
        (all) => [...all, ...of.files.filter(({ path }) => path.includes("/manifests/"))],
      ),
    "a blob left out under another digest": (of) =>
      withOmitted(of, (all) => all.map((file) => ({ ...file, sha256: HEX }))),
    "a blob less than its models need": (of) => withOmitted(of, (all) => all.slice(0, -1)),
    "an image's layer less than it needs": (of) => withOmitted(of, (all) => all.slice(1)),
    "a size left out that contradicts the image's manifest": (of) =>
      withOmitted(of, (all) => all.map((file) => ({ ...file, size: file.size + 1 }))),
    "layers of models": (of) => ({
      ...of,
      modelLayers: [{ diffId: `sha256:${HEX}`, size: 0, paths: [] }],
    }),
    "nothing left out": (of) => withOmitted(of, () => []),
  };
  test.each(Object.keys(lies))("is refused with %s", (what) => {
    const bytes = Buffer.from(JSON.stringify(lies[what]?.(good)));
    expect(() => decodeModelsJson(bytes)).toThrow(
      expect.objectContaining({ code: "DAMAGED", exitCode: 4 }),
    );
  });

  test("is read as it was written, with what it left out as the last field", () => {
    expect(decodeModelsJson(encodeModelsJson(good))).toEqual(good);
    expect(encodeModelsJson(good).toString()).toBe(`${JSON.stringify(good)}\n`);
    expect(Object.keys(good).at(-1)).toBe("delta");
  });

  test("without the word delta is refused: what reads no deltas installs none", () => {
    const { delta: _, ...older } = good;
    expect(() => decodeModelsJson(Buffer.from(JSON.stringify(older)))).toThrow(
      /is named and not among its files$/,
    );
  });
});
