import { systemErrorText } from "../go/system-error.ts";
import { readableManifests } from "../store/list-manifests.ts";
import type { Manifest } from "../store/manifest.ts";
import { shortName } from "../store/model-name.ts";
import { type ModelConfig, readConfig } from "../store/open-model.ts";
import { ApiError } from "./api-error.ts";
import type { Call } from "./call.ts";
import { detailsOf } from "./details.ts";
import { sendJson, sendPlainJson } from "./respond.ts";

interface Listed {
  readonly manifest: Manifest;
  readonly config: ModelConfig;
}

export async function answerTags(call: Call): Promise<void> {
  const models = (await listModels(call)).map(({ manifest, config }) => ({
    name: shortName(manifest.name),
    model: shortName(manifest.name),
    ...(config.remote_model === undefined ? {} : { remote_model: config.remote_model }),
    ...(config.remote_host === undefined ? {} : { remote_host: config.remote_host }),
    modified_at: manifest.modifiedAtText,
    size: manifest.size,
    digest: manifest.digest,
    details: detailsOf(config),
  }));
  sendJson(call, { models });
}

/** The list of the OpenAI-compatible interface. */
export async function answerOpenAiModels(call: Call): Promise<void> {
  const data = (await listModels(call)).map(({ manifest }) => ({
    id: shortName(manifest.name),
    object: "model",
    created: Math.floor(manifest.modifiedAt.getTime() / 1000),
    owned_by: manifest.name.namespace,
  }));
  sendPlainJson(call, { object: "list", data: data.length === 0 ? null : data });
}

/** Newest first; a model without a readable config is left out. */
async function listModels({ settings, log }: Call): Promise<Listed[]> {
  const manifests = await readableManifests(settings.models, log).catch((error: unknown) => {
    throw new ApiError(500, systemErrorText(error));
  });
  const listed = await Promise.all(
    manifests.map(async (manifest) => {
      try {
        return [{ manifest, config: await readConfig(settings.models, manifest) }];
      } catch (error) {
        log("WARN", "bad manifest config", { name: shortName(manifest.name), error });
        return [];
      }
    }),
  );
  return listed
    .flat()
    .sort((a, b) => b.manifest.modifiedAt.getTime() - a.manifest.modifiedAt.getTime());
}
