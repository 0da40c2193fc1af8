import { describe, expect, test } from "vitest";
import type { EngineImage } from "../../src/engine/engine.ts";
import {
  imagesToBuildOn,
  orderByWhatIsThere,
  takesPartOfImage,
} from "../../src/install/layers-there.ts";

const IMAGE: EngineImage = {
  id: "sha256:1",
  tags: [],
  repoDigests: [],
  platform: "linux/amd64",
  isComplete: true,
  diffIds: ["base"],
  size: 1,
  labels: {},
};

const layer = (diffId: string) => ({ diffId, size: 10 });
const big = { diffId: "big", size: 1000 };
const [a, b, c] = ["a", "b", "c"].map(layer) as [typeof big, typeof big, typeof big];

describe("layers that the engine has", () => {
  test.each([
    ["no image", [], 0, [a, b, c]],
    ["another base", [["x", "base2", "a", "b", "c"]], 0, [a, b, c]],
    ["the lower half of the base", [["base1", "x"]], 1, [a, b, c]],
    ["the base", [["base1", "base2"]], 2, [a, b, c]],
    ["the base twice", [["base1", "base2", "base1", "base2"]], 2, [a, b, c]],
    ["all", [["base1", "base2", "a", "b", "c", "built"]], 5, [a, b, c]],
    [
      "one under a model that is no more wanted",
      [["base1", "base2", "a", "old", "c"]],
      3,
      [a, b, c],
    ],
    ["models alone, without what was below", [["a", "b", "c"]], 0, [a, b, c]],
  ])("of %s count from the first on", (...row) => {
    const [, images, there, modelLayers] = row;
    const found = images.map((diffIds) => ({ diffIds }));
    expect(orderByWhatIsThere(["base1", "base2"], [a, b, c], found)).toMatchObject({
      there,
      modelLayers,
    });
  });

  test("come first, in the order in which they are there, and the others after them in theirs", () => {
    const images = [{ diffIds: ["base", "c", "b", "old"] }];
    expect(orderByWhatIsThere(["base"], [a, b, c], images)).toMatchObject({
      there: 3,
      modelLayers: [c, b, a],
    });
  });

  test("are those of the image that saves most bytes, be they fewer", () => {
    const images = [["base", "a", "b"], ["base", "big"], ["base"]].map((diffIds) => ({ diffIds }));
    expect(orderByWhatIsThere(["base"], [a, b, big], images)).toMatchObject({
      there: 2,
      modelLayers: [big, a, b],
    });
  });

  test.each([
    { product: "Docker", usesContainerdStore: false, tellsWhatIsMissing: false, takes: true },
    { product: "Docker", usesContainerdStore: true, tellsWhatIsMissing: false, takes: false },
    { product: "Docker", usesContainerdStore: true, tellsWhatIsMissing: true, takes: true },
    { product: "Podman", usesContainerdStore: false, tellsWhatIsMissing: false, takes: false },
  ])(
    "are left out for $product, containerd $usesContainerdStore, which tells of what is missing $tellsWhatIsMissing: $takes",
    ({ takes, ...info }) => {
      expect(takesPartOfImage(info)).toBe(takes);
    },
  );

  test("are those of any image, but in containerd's store of what has our names alone: others came compressed", () => {
    const pulled = { ...IMAGE, tags: ["docker.io/ollama/ollama:latest"] };
    const named = { ...IMAGE, tags: ["docker.io/any/other:1", "ollama-bundle.local/site:1"] };
    const loaded = { ...IMAGE, tags: ["ollama-bundle.local/site:1", "ollama-bundle.local/site:2"] };
    const info = { product: "Docker", tellsWhatIsMissing: true };
    const images = [pulled, named, loaded, { ...loaded, isComplete: false }];
    expect(imagesToBuildOn({ ...info, usesContainerdStore: false }, images)).toEqual(images);
    expect(imagesToBuildOn({ ...info, usesContainerdStore: true }, images)).toEqual([loaded]);
  });
});
