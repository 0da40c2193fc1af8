import { describe, expect, test } from "vitest";
import type { BundledModel, ModelLayer, ModelsJson } from "../../src/bundle/models-json.ts";
import { BundleError } from "../../src/core/errors.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { selectLayers, selectModels } from "../../src/install/select-models.ts";

const hex = (text: string): string => sha256Hex(text);
const blob = (text: string): string => `models/blobs/sha256-${hex(text)}`;
const manifestFile = (tag: string): string =>
  `models/manifests/registry.ollama.ai/library/m/${tag}`;

function model(tag: string, blobs: readonly string[]): BundledModel {
  const name = `registry.ollama.ai/library/m:${tag}`;
  return { name, digest: hex(tag), size: 1, capabilities: [], licenses: [], blobs: blobs.map(hex) };
}

/** Two models: large weights that both have, weights of their own, a small licence that both have. */
function manifestWith(
  layers: readonly (readonly string[])[],
): Pick<ModelsJson, "models" | "modelLayers" | "files"> {
  const models = [model("a", ["shared", "wa", "mit"]), model("b", ["shared", "wb", "mit"])];
  const paths = [...["mit", "shared", "wa", "wb"].map(blob), manifestFile("a"), manifestFile("b")];
  const modelLayers = layers.map((each, index): ModelLayer => ({
    diffId: `sha256:${hex(String(index))}`,
    size: 1,
    paths: [...each],
  }));
  const files = paths.map((path) => ({ path, size: 1, sha256: hex(path), chunks: [] }));
  return { models, modelLayers, files };
}

const asPacked = manifestWith([
  [blob("shared")],
  [blob("wa")],
  [blob("wb")],
  [blob("mit"), manifestFile("a")],
  [blob("mit"), manifestFile("b")],
]);

describe("a choice of models", () => {
  test("takes names as people type them, in any case", () => {
    const { models, blobs, manifests } = selectModels(asPacked, ["M:A"]);
    expect(models.map(({ name }) => name)).toEqual(["registry.ollama.ai/library/m:a"]);
    expect(blobs.map(({ path }) => path)).toEqual(["mit", "shared", "wa"].map(blob));
    expect(manifests.map(({ path }) => path)).toEqual([manifestFile("a")]);
  });

  test("takes the layers of these models alone, in the image's order", () => {
    const layers = selectLayers(asPacked, selectModels(asPacked, ["m:b"]));
    expect(layers.map(({ paths }) => paths)).toEqual([
      [blob("shared")],
      [blob("wb")],
      [blob("mit"), manifestFile("b")],
    ]);
  });

  test("of all models takes all layers", () => {
    expect(selectLayers(asPacked, selectModels(asPacked))).toEqual(asPacked.modelLayers);
  });

  test("is refused for an image whose layer brings another model's manifest", () => {
    const grouped = manifestWith([
      [blob("shared"), blob("wa"), blob("wb")],
      [blob("mit"), manifestFile("a"), manifestFile("b")],
    ]);
    const select = () => selectLayers(grouped, selectModels(grouped, ["m:a"]));
    expect(select).toThrow(BundleError);
    expect(select).toThrow('"m:b" shares an image layer');
    expect(selectLayers(grouped, selectModels(grouped))).toHaveLength(2);
  });

  test("is refused for an image whose layers lack a file", () => {
    const lacking = manifestWith([[blob("shared")], [blob("mit"), manifestFile("a")]]);
    expect(() => selectLayers(lacking, selectModels(lacking, ["m:a"]))).toThrow(
      `"${blob("wa")}" is in none`,
    );
  });
});
