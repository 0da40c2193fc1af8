import { DefinitionError } from "./errors.ts";
import { withoutCredentials } from "./without-credentials.ts";

/**
 * An Ollama model name, all four parts spelled out. As in Ollama's `types/model/name.go`: host `registry.ollama.ai`,
 * namespace `library` and tag `latest` are what a shorter name means.
 */
export interface ModelName {
  readonly host: string;
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

export const DEFAULT_MODEL_HOST = "registry.ollama.ai";
const DEFAULT_NAMESPACE = "library";
const DEFAULT_TAG = "latest";

const PART = {
  host: /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}$/,
  namespace: /^[A-Za-z0-9_][A-Za-z0-9_-]{0,79}$/,
  model: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/,
  tag: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/,
} as const satisfies Record<keyof ModelName, RegExp>;

/** Whether each part has the form that Ollama accepts, and so is one path segment that is neither "." nor "..". */
export function isValidModelName(name: ModelName): boolean {
  return (
    PART.host.test(name.host) &&
    PART.namespace.test(name.namespace) &&
    PART.model.test(name.model) &&
    PART.tag.test(name.tag)
  );
}

/** Reads a name as people type it: `llama3.2`, `gemma:2b`, `user/model`, `host:5000/namespace/model:tag`. Throws {@link DefinitionError}. */
export function parseModelName(text: string): ModelName {
  const withoutScheme = text.replace(/^https?:\/\//, "");
  const tagAt = withoutScheme.lastIndexOf(":");
  const hasTag = tagAt > withoutScheme.lastIndexOf("/");
  const tag = hasTag ? withoutScheme.slice(tagAt + 1) : DEFAULT_TAG;
  const segments = (hasTag ? withoutScheme.slice(0, tagAt) : withoutScheme).split("/");
  const model = segments.pop() ?? "";
  const namespace = segments.pop() ?? DEFAULT_NAMESPACE;
  const host = segments.length === 0 ? DEFAULT_MODEL_HOST : segments.join("/");
  const name = { host, namespace, model, tag };
  if (isValidModelName(name)) return name;
  throw new DefinitionError(
    "MODEL_NAME_INVALID",
    `Cannot read the model name "${withoutCredentials(text)}": expected [host/[namespace/]]model[:tag]`,
    {
      hint: "Write it as `ollama pull` takes it, for example llama3.2, gemma:2b or registry.example:5000/team/model:tag.",
    },
  );
}

/** The name with all parts, as it is in MODELS.json: `registry.ollama.ai/library/llama3.2:latest`. */
export function fullModelName({ host, namespace, model, tag }: ModelName): string {
  return `${host}/${namespace}/${model}:${tag}`;
}

/** The name as Ollama prints it in `/api/tags` and `ollama list`: the default host and namespace dropped, the tag always there. */
export function displayModelName({ host, namespace, model, tag }: ModelName): string {
  if (host !== DEFAULT_MODEL_HOST) return `${host}/${namespace}/${model}:${tag}`;
  return namespace === DEFAULT_NAMESPACE ? `${model}:${tag}` : `${namespace}/${model}:${tag}`;
}

/** Where a store has this model's manifest, relative to the store: `manifests/<host>/<namespace>/<model>/<tag>`. */
export function manifestPath({ host, namespace, model, tag }: ModelName): string {
  return `manifests/${host}/${namespace}/${model}/${tag}`;
}

/** Names that Ollama takes for models in its cloud (`:cloud`, `…-cloud`) and never looks up in a store. */
export function isCloudName({ tag }: ModelName): boolean {
  return /(^|-)cloud$/i.test(tag);
}
