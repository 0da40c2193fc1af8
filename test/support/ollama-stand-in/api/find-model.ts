import { isCloudName, type ModelName, parseModelName } from "../store/model-name.ts";
import { type Model, openModel } from "../store/open-model.ts";
import { ApiError } from "./api-error.ts";
import type { Call } from "./call.ts";

/** Opens the model that a request names; undefined where it is not there. */
export async function findModel(
  call: Call,
  asked: string,
  cloudRefusal: string,
): Promise<Model | undefined> {
  if (isCloudName(asked)) throw cloudError(call, cloudRefusal);
  return openModel(call.settings.models, requireName(asked));
}

export function requireName(asked: string): ModelName {
  const name = parseModelName(asked.replace(/:local$/, ""));
  if (name === undefined) throw new ApiError(400, "invalid model name");
  return name;
}

/** Names that end in "cloud" never reach the store. */
function cloudError({ settings, path }: Call, refusal: string): ApiError {
  if (settings.noCloud) return new ApiError(403, `ollama cloud is disabled: ${refusal}`);
  const url = `https://ollama.com:443${path}?ts=${Math.floor(Date.now() / 1000)}`;
  const message = `Post "${url}": dial tcp: lookup ollama.com: no such host`;
  return new ApiError(502, message);
}
