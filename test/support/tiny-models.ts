import { type StoreFile, type WrittenModel, writeModel } from "./tiny-models/write-model.ts";

export type { ModelSpec } from "./tiny-models/model-spec.ts";
export { type StoreFile, type WrittenModel, writeModel } from "./tiny-models/write-model.ts";

export interface TinyModels {
  /** Every file of the store, sorted by path. */
  readonly files: readonly StoreFile[];
  /** As Ollama shows them: "tiny:latest". */
  readonly names: readonly string[];
  readonly models: readonly WrittenModel[];
}

/**
 * Writes a complete Ollama store with tiny models that a real Ollama lists,
 * shows, loads and runs. The weights are pseudo-random numbers: the models say
 * nothing sensible, but they say it quickly.
 *
 *     tiny:latest        llama, 140 kB: chat and completion
 *     tiny:second        the same weights blob under other parameters
 *     tiny-embed:latest  bert: embeddings only
 *     big:latest         with bigSize: llama of at least so many bytes, does not compress
 *
 * The same call writes the same bytes on every machine and in every run.
 */
export async function writeTinyModels(
  directory: string,
  options: { readonly bigSize?: number; readonly system?: string } = {},
): Promise<TinyModels> {
  const models = [
    await writeModel(directory, {
      name: "tiny",
      system: options.system ?? "You are a test.",
      params: { num_ctx: 512, seed: 1, stop: ["</s>"], temperature: 0 },
    }),
    await writeModel(directory, {
      name: "tiny",
      tag: "second",
      params: { num_ctx: 256, num_predict: 4, seed: 2 },
      manifestEnd: "\n",
    }),
    await writeModel(directory, { name: "tiny-embed", kind: "bert", params: { num_ctx: 256 } }),
  ];
  if (options.bigSize !== undefined) {
    models.push(await writeModel(directory, { name: "big", size: options.bigSize }));
  }
  return { files: filesOf(models), names: models.map((model) => model.name), models };
}

function filesOf(models: readonly WrittenModel[]): StoreFile[] {
  const byPath = new Map(
    models.flatMap((model) => model.files).map((file) => [file.path, file] as const),
  );
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
