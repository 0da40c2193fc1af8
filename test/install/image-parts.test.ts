import { describe, expect, test } from "vitest";
import { largestSpool, partsOf } from "../../src/install/image-parts.ts";
import { type ImageToLoad, bytesToLoad, diffIdsOf } from "../../src/install/image-to-load.ts";

const MiB = 1024 * 1024;

describe("the parts of an image", () => {
  test("have 128 MiB and more each; what is left goes with the last", () => {
    const image = imageOf({ base: [100, 30, 200], models: [1, 900, 5, 122] });
    expect(endsOf(partsOf(image, "i1"))).toEqual([2, 3, 7]);
    expect(partsOf(image, "i1").map(bytesToLoad)).toEqual(
      [130, 200, 1028].map((size) => size * MiB),
    );
  });

  test("build on one another, and the last is the image", () => {
    const image = imageOf({ base: [200], models: [300, 400] });
    const parts = partsOf(image, "i1");
    expect(parts.map(({ there }) => there)).toEqual([0, 1, 2]);
    expect(parts.at(-1)).toEqual({ ...image, there: 2 });
    for (const part of parts) {
      const config = JSON.parse(String(part.config)) as Config;
      expect(config.rootfs.diff_ids).toEqual(diffIdsOf(part));
      expect(config.config).toEqual({ Env: ["A=1"] });
    }
  });

  test("have names and configs of their own, so that nobody else's image is taken for one", () => {
    const image = imageOf({ base: [200], models: [300, 400] });
    const parts = partsOf(image, "i1");
    expect(new Set(parts.map(({ name }) => name)).size).toBe(3);
    expect(parts[0]?.name).toContain("i1");
    const { history } = JSON.parse(String(parts[0]?.config)) as Config;
    expect(history).toBeUndefined();
  });

  test("begin behind what the engine has", () => {
    const image = imageOf({ base: [200, 200], models: [300, 400] });
    const parts = partsOf({ ...image, there: 3 }, "i1");
    expect(parts).toEqual([{ ...image, there: 3 }]);
    expect(endsOf(partsOf({ ...image, there: 4 }, "i1"))).toEqual([4]);
  });

  test("are one where the engine wants every file, or all is small", () => {
    const image = imageOf({ base: [200, 200], models: [300, 400] });
    const whole = { ...image, takesPart: false };
    expect(partsOf(whole, "i1")).toEqual([whole]);
    const small = imageOf({ base: [1, 2], models: [3] });
    expect(partsOf(small, "i1")).toEqual([small]);
  });

  test("are in the engine's spool by three at the most", () => {
    const image = imageOf({ base: [200, 300], models: [400, 128, 150] });
    expect(largestSpool(image)).toBe(900 * MiB);
    expect(largestSpool({ ...image, takesPart: false })).toBe(1178 * MiB);
    expect(largestSpool({ ...image, there: 5 })).toBe(0);
  });
});

interface Config {
  readonly config: unknown;
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

function endsOf(parts: readonly ImageToLoad[]): number[] {
  return parts.map((part) => diffIdsOf(part).length);
}
