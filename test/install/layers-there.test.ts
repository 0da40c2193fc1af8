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
    { product: "Docker", apiVersion: "1.41", usesContainerdStore: false, takes: true },
    { product: "Docker", apiVersion: "1.47", usesContainerdStore: true, takes: false },
    { product: "Docker", apiVersion: "1.48", usesContainerdStore: true, takes: true },
    { product: "Docker", apiVersion: "1.100", usesContainerdStore: true, takes: true },
    { product: "Podman", apiVersion: "1.41", usesContainerdStore: false, takes: false },
  ])(
    "are left out for $product $apiVersion, containerd $usesContainerdStore: $takes",
    ({ takes, ...info }) => {
      expect(takesPartOfImage(info)).toBe(takes);
    },
  );

  test("are those of any image, but in containerd's store of what an installation named: others came compressed", () => {
    const pulled = { ...IMAGE, tags: ["docker.io/ollama/ollama:latest"] };
    const loaded = { ...IMAGE, tags: ["docker.io/any/other:1", "ollama-bundle.local/site:1"] };
    const info = { product: "Docker", apiVersion: "1.51" };
    const images = [pulled, loaded];
    expect(imagesToBuildOn({ ...info, usesContainerdStore: false }, images)).toEqual(images);
    expect(imagesToBuildOn({ ...info, usesContainerdStore: true }, images)).toEqual([loaded]);
  });
});
