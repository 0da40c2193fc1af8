import { readFile } from "node:fs/promises";
import { z } from "zod";
import { SourceError } from "../core/errors.ts";
import { type ModelName, fullModelName, isCloudName } from "../core/model-name.ts";
import type { OnProgress } from "../core/progress.ts";
import { isOlder } from "./ollama-version.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { ModelManifest } from "./model-manifest.ts";

const WEIGHTS = /^application\/vnd\.ollama\.image\.(model|tensor)$/;

/** The fields of Ollama's config blob (`types/model/config.go`) that decide whether a model can be carried. */
const configShape = z.object({
  requires: z.string().optional(),
  remote_host: z.string().optional(),
  remote_model: z.string().optional(),
});

/** Refuses what has no weights to carry. Throws {@link SourceError} `CLOUD_MODEL`. */
export function refuseCloudName(name: ModelName): void {
  if (isCloudName(name)) throw cloudModel(name, "its tag says that it runs in Ollama's cloud");
}

/** What a manifest alone tells: refuses a stub without weights, and warns of a path of the machine that made it. */
export function checkManifest(
  name: ModelName,
  manifest: ModelManifest,
  onProgress: OnProgress | undefined,
): void {
  if (!manifest.layers.some(({ mediaType }) => WEIGHTS.test(mediaType)))
    throw cloudModel(name, "its manifest names no weights");
  const local = manifest.layers.find(({ from = "" }) => /^([/\\]|[A-Za-z]:)/.test(from));
  if (local === undefined) return;
  onProgress?.({
    kind: "warning",
    text: `The manifest of "${fullModelName(name)}" tells a path of the machine where it was created: "${local.from ?? ""}". It is packed as it is, since its digest covers that`,
  });
}

/**
 * What the config tells: refuses a cloud model, and one that needs a newer Ollama than the image has. Throws {@link SourceError}
 * `CLOUD_MODEL` or `NEWER_OLLAMA_NEEDED`. `ollamaVersion` is missing where it is not known, or where no image is packed.
 */
export async function checkConfig(
  name: ModelName,
  config: StagedFile | undefined,
  {
    ollamaVersion,
    onProgress,
  }: { readonly ollamaVersion?: string | undefined; readonly onProgress?: OnProgress | undefined },
): Promise<void> {
  const { requires, remote_host: host, remote_model: model } = await readConfig(config);
  if (host !== undefined || model !== undefined)
    throw cloudModel(name, `it runs elsewhere (${host ?? model})`);
  if (requires === undefined || requires === "") return;
  if (ollamaVersion === undefined) {
    const text = `"${fullModelName(name)}" needs Ollama ${requires} or newer, and the version that will serve it is not known`;
    onProgress?.({ kind: "warning", text });
    return;
  }
  if (!isOlder(ollamaVersion, requires)) return;
  throw new SourceError(
    "NEWER_OLLAMA_NEEDED",
    `Cannot pack "${fullModelName(name)}": it needs Ollama ${requires} or newer, and the image has ${ollamaVersion}`,
    { hint: "Pack a newer image with --image ollama/ollama:VERSION." },
  );
}

async function readConfig(config: StagedFile | undefined): Promise<z.infer<typeof configShape>> {
  if (config === undefined || config.size > 4 * 1024 * 1024) return {};
  try {
    return configShape.parse(JSON.parse(await readFile(config.path, "utf8")));
  } catch {
    return {};
  }
}

function cloudModel(name: ModelName, why: string): SourceError {
  return new SourceError("CLOUD_MODEL", `Cannot pack "${fullModelName(name)}": ${why}`, {
    hint: "Choose a tag that runs on the machine itself.",
  });
}
