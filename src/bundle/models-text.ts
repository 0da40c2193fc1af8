import type { BundledImage, BundledModel, ModelsJson } from "./models-json.ts";
import { type SiteMustHold, siteMustHold } from "./delta/site-must-hold.ts";

/** MODELS.txt: the inventory for people. */
export function modelsText(manifest: Pick<ModelsJson, "images" | "models" | "delta">): string {
  const { images, models } = manifest;
  const blocks = [
    ...images.map(imageBlock),
    ...models.map(modelBlock),
    ...siteBlocks(siteMustHold(manifest)),
  ];
  return blocks.length === 0 ? "Nothing.\n" : blocks.join("\n");
}

function siteBlocks(must: SiteMustHold | undefined): string[] {
  if (must === undefined) return [];
  return [
    "not in this bundle, the site must hold:\n",
    ...must.images.map(({ reference, configDigest }) =>
      block(`image ${reference}`, { "config digest": configDigest }),
    ),
    ...must.blobs.map(({ sha256, size, models }) =>
      block(`blob sha256:${sha256}`, { bytes: String(size), of: models.join(", ") }),
    ),
  ];
}

function imageBlock(image: BundledImage): string {
  return block(`image ${image.reference}`, {
    "config digest": image.configDigest,
    "source digest": image.sourceDigest,
    Ollama: image.role === "ollama" ? (image.ollamaVersion ?? "version unknown") : undefined,
    layers: String(image.diffIds.length),
  });
}

function modelBlock(model: BundledModel): string {
  return block(`model ${model.name}`, {
    digest: `sha256:${model.digest}`,
    bytes: String(model.size),
    family: model.family,
    parameters: model.parameterSize,
    quantization: model.quantization,
    "context length": model.contextLength?.toString(),
    capabilities: model.capabilities.join(", ") || undefined,
    "needs Ollama": model.requires,
    license: model.licenses.join("; ") || undefined,
  });
}

function block(title: string, facts: Readonly<Record<string, string | undefined>>): string {
  const lines = Object.entries(facts).flatMap(([key, value]) =>
    value === undefined ? [] : [`  ${key}: ${value}\n`],
  );
  return `${title}\n${lines.join("")}`;
}
