import { describe, expect, test } from "vitest";
import { largestSpool, prefixesOf } from "../../src/install/image-prefixes.ts";
import { type ImageToLoad, bytesToLoad, diffIdsOf } from "../../src/install/image-to-load.ts";

const MiB = 1024 * 1024;

describe("the prefixes by which an image is loaded", () => {
  test("grow by 128 MiB and more; what is left goes with the last", () => {
    const image = imageOf({ base: [100, 30, 200], models: [1, 600, 5, 88] });
    expect(endsOf(prefixesOf(image, "i1"))).toEqual([2, 3, 7]);
    expect(prefixesOf(image, "i1").map(bytesToLoad)).toEqual(
      [130, 200, 694].map((size) => size * MiB),
    );
  });

  test("build on one another, and the last is the image", () => {
    const image = imageOf({ base: [200], models: [300, 400] });
    const prefixes = prefixesOf(image, "i1");
    expect(prefixes.map(({ there }) => there)).toEqual([0, 1, 2]);
    expect(prefixes.at(-1)).toEqual({ ...image, there: 2 });
    for (const prefix of prefixes) {
      const config = JSON.parse(String(prefix.config)) as Config;
      expect(config.rootfs.diff_ids).toEqual(diffIdsOf(prefix));
      expect(config.config).toEqual({ Env: ["A=1"] });
    }
  });

  test("have names and configs of their own, so that nobody else's image is taken for one", () => {
    const image = imageOf({ base: [200], models: [300, 400] });
    const prefixes = prefixesOf(image, "i1");
    expect(new Set(prefixes.map(({ name }) => name)).size).toBe(3);
    expect(prefixes[0]?.name).toContain("i1");
    const { author, history } = JSON.parse(String(prefixes[0]?.config)) as Config;
    expect(history).toBeUndefined();
    expect(author).toBe("ollama-bundle");
  });

  test("are eight at the most", () => {
    const image = imageOf({ base: [200], models: Array.from({ length: 39 }, () => 1000) });
    expect(endsOf(prefixesOf(image, "i1"))).toEqual([6, 11, 16, 21, 26, 31, 40]);
  });

  test("get a layer that comes again with the one above: it is another to the engine", () => {
    const image = imageOf({ base: [200], models: [300] });
    const [first] = image.baseLayers;
    if (first === undefined) throw new Error("there is no layer");
    const twice = { ...image, baseLayers: [first, first] };
    expect(prefixesOf(twice, "i1").map(bytesToLoad)).toEqual(
      [200, 200, 300].map((size) => size * MiB),
    );
  });

  test("begin behind what the engine has", () => {
    const image = imageOf({ base: [200, 200], models: [300, 400] });
    const prefixes = prefixesOf({ ...image, there: 3 }, "i1");
    expect(prefixes).toEqual([{ ...image, there: 3 }]);
    expect(endsOf(prefixesOf({ ...image, there: 4 }, "i1"))).toEqual([4]);
  });

  test("are one where the engine wants every file, or all is small", () => {
    const image = imageOf({ base: [200, 200], models: [300, 400] });
    const whole = { ...image, takesPart: false };
    expect(prefixesOf(whole, "i1")).toEqual([whole]);
    const small = imageOf({ base: [1, 2], models: [3] });
    expect(prefixesOf(small, "i1")).toEqual([small]);
  });

  test("are in the engine's spool by three at the most", () => {
    const image = imageOf({ base: [200, 300], models: [400, 128, 150] });
    expect(largestSpool(image)).toBe(978 * MiB);
    expect(largestSpool({ ...image, takesPart: false })).toBe(1178 * MiB);
    expect(largestSpool({ ...image, there: 5 })).toBe(0);
  });
});

interface Config {
  readonly config: unknown;
  readonly author?: unknown;
  readonly history?: unknown;
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** Layers of so many MiB each. */
function imageOf(sizes: Record<"base" | "models", readonly number[]>): ImageToLoad {
  const layersOf = (kind: "base" | "models") =>
    sizes[kind].map((size, index) => ({ diffId: `sha256:${kind}${index}`, size: size * MiB }));
  const [baseLayers, added] = [layersOf("base"), layersOf("models")];
  const diffIds = [...baseLayers, ...added].map(({ diffId }) => diffId);
  const config = { config: { Env: ["A=1"] }, history: [{}], rootfs: { diff_ids: diffIds } };
  return {
    name: "ollama-bundle.local/n:1",
    platform: "linux/amd64",
    config: Buffer.from(JSON.stringify(config)),
    baseLayers,
    modelLayers: added.map((layer) => ({ ...layer, paths: [] })),
    there: 0,
    takesPart: true,
  };
}

function endsOf(prefixes: readonly ImageToLoad[]): number[] {
  return prefixes.map((prefix) => diffIdsOf(prefix).length);
}
