import { readFile } from "node:fs/promises";
import { z } from "zod";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import { type GgufMetadata, readGgufMetadata } from "./gguf-header.ts";
import { type ModelManifest, statedModelSize } from "./model-manifest.ts";
import type { StagedModel } from "./source.ts";

/** What MODELS.json says of a model beyond its name and its blobs. */
export interface ModelFacts {
  /** Bytes, as the manifest states them. */
  readonly size: number;
  readonly family?: string;
  readonly parameterSize?: string;
  readonly quantization?: string;
  readonly contextLength?: number;
  /** `completion`, `embedding`, `tools`, `insert`, `vision`: what is certain without running it. */
  readonly capabilities: string[];
  /** The oldest Ollama that runs it. */
  readonly requires?: string;
  /** The first line of each licence. */
  readonly licenses: string[];
}

/** Ollama's `types/model/config.go`: what is of interest of the config blob. */
const configShape = z.object({
  model_family: z.string().optional(),
  model_type: z.string().optional(),
  file_type: z.string().optional(),
  requires: z.string().optional(),
  context_length: z.int().positive().optional(),
});

const LAYER = "application/vnd.ollama.image.";
const MAX_CONFIG = 4 * 1024 * 1024;
const MAX_FIRST_LINE = 200;

/** Facts about a staged model, from its manifest, its config, its licences and the metadata of its weights; nothing is guessed. */
export async function describeModel({ manifest, blobs }: StagedModel): Promise<ModelFacts> {
  const staged = new Map(blobs.map((blob) => [blob.sha256, blob]));
  const filesOf = (kind: string): StagedFile[] =>
    manifest.layers
      .filter(({ mediaType }) => mediaType === `${LAYER}${kind}`)
      .flatMap(({ sha256 }) => staged.get(sha256) ?? []);
  const config = await readConfig(manifest, staged);
  const [weights] = filesOf("model");
  const metadata = weights && (await readGgufMetadata(weights.path));
  const licenses = (await Promise.all(filesOf("license").map(firstLine))).filter(
    (line) => line !== "",
  );
  const templates = await Promise.all(filesOf("template").map(textOf));
  const contextLength = config.context_length ?? architectureNumber(metadata, "context_length");
  return {
    size: statedModelSize(manifest),
    ...definedOnly({
      family: config.model_family,
      parameterSize: config.model_type,
      quantization: config.file_type,
      requires: config.requires,
      contextLength,
    }),
    capabilities: capabilitiesOf(metadata, {
      template: templates.join("\n"),
      hasProjector: filesOf("projector").length > 0,
    }),
    licenses,
  };
}

/** As Ollama's `Model.Capabilities` derives them, as far as manifest and metadata tell. */
function capabilitiesOf(
  metadata: GgufMetadata | undefined,
  { template, hasProjector }: { readonly template: string; readonly hasProjector: boolean },
): string[] {
  if (architectureNumber(metadata, "pooling_type") !== undefined) return ["embedding"];
  const hasVision =
    hasProjector || architectureNumber(metadata, "vision.block_count") !== undefined;
  return [
    "completion",
    ...(template.includes(".Tools") ? ["tools"] : []),
    ...(template.includes(".Suffix") ? ["insert"] : []),
    ...(hasVision ? ["vision"] : []),
  ];
}

function architectureNumber(metadata: GgufMetadata | undefined, key: string): number | undefined {
  const value = metadata?.get(`${String(metadata.get("general.architecture"))}.${key}`);
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

async function readConfig(
  manifest: ModelManifest,
  staged: ReadonlyMap<string, StagedFile>,
): Promise<z.infer<typeof configShape>> {
  const file = manifest.config && staged.get(manifest.config.sha256);
  const parsed = configShape.safeParse(file && jsonOrUndefined(await textOf(file)));
  return parsed.success ? parsed.data : {};
}

async function firstLine(file: StagedFile): Promise<string> {
  const lines = (await textOf(file)).split("\n").map((line) => line.trim());
  return (lines.find((line) => line !== "") ?? "").slice(0, MAX_FIRST_LINE);
}

async function textOf({ path, size }: StagedFile): Promise<string> {
  return size > MAX_CONFIG ? "" : readFile(path, "utf8");
}

function definedOnly<T extends object>(facts: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
