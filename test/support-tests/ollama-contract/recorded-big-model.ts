import { mkdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { ggufBytes, ggufPieces } from "../../support/tiny-models/gguf-file.ts";
import { bigLlamaModel } from "../../support/tiny-models/llama-model.ts";
import { modelConfig } from "../../support/tiny-models/model-config.ts";
import { xorshiftBytes } from "../../support/tiny-models/random-weights.ts";
import { MEDIA_TYPE, writeSmallBlob } from "../../support/tiny-models/store-writer.ts";
import { CHAT_TEMPLATE, LICENSE } from "../../support/tiny-models/texts.ts";

const SPEC = { name: "big", size: 300_000_000 };
const WEIGHTS_DIGEST = "sha256:38a60e375fb8f1a89e2d438e73e2a31c76c2d7aa5892ca8094062de04abe0bc6";

/**
 * The recordings' big:latest. Its 304 MB of weights are a hole here, behind
 * the real header: nobody reads them.
 */
export async function writeRecordedBigModel(store: string): Promise<void> {
  const model = bigLlamaModel(SPEC.size);
  const [header] = ggufPieces(model, xorshiftBytes(1));
  const file = path.join(store, "blobs", WEIGHTS_DIGEST.replace(":", "-"));
  await writeFile(file, header ?? "");
  const size = ggufBytes(model);
  await truncate(file, size);
  const layers = [
    { mediaType: MEDIA_TYPE.model, digest: WEIGHTS_DIGEST, size },
    writeSmallBlob(store, MEDIA_TYPE.template, CHAT_TEMPLATE),
    writeSmallBlob(store, MEDIA_TYPE.license, LICENSE),
  ];
  const configText = `${JSON.stringify(modelConfig(SPEC, layers))}\n`;
  const config = writeSmallBlob(store, MEDIA_TYPE.config, configText);
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers };
  const directory = path.join(store, "manifests/registry.ollama.ai/library/big");
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, "latest"), JSON.stringify(manifest));
}
