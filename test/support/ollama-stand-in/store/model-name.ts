/** The four parts of a model's name, as they stand in a manifest's path. */
export interface ModelName {
  readonly host: string;
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

const HOST = /^\w[\w.:-]{0,349}$/;
const NAMESPACE = /^\w[\w-]{0,79}$/;
const MODEL_OR_TAG = /^\w[\w.-]{0,79}$/;

/** Reads a name as it is typed; undefined where it cannot be one. */
export function parseModelName(text: string): ModelName | undefined {
  const bare = text.replace(/^https?:\/\//, "");
  const colon = bare.lastIndexOf(":");
  const hasTag = colon > bare.lastIndexOf("/");
  const tag = hasTag ? bare.slice(colon + 1) : "latest";
  const parts = (hasTag ? bare.slice(0, colon) : bare).split("/");
  const model = parts.pop() ?? "";
  const namespace = parts.pop() ?? "library";
  const host = parts.length === 0 ? "registry.ollama.ai" : parts.join("/");
  return validName({ host, namespace, model, tag });
}

/** Reads a manifest's path below `manifests/`; undefined where it is no name. */
export function nameOfPath(relative: string): ModelName | undefined {
  const [host = "", namespace = "", model = "", tag = ""] = relative.split("/");
  return validName({ host, namespace, model, tag });
}

export function pathOfName({ host, namespace, model, tag }: ModelName): string {
  return `${host}/${namespace}/${model}/${tag}`;
}

/** As `ollama list` shows it: without the parts that are the default, but always with the tag. */
export function shortName({ host, namespace, model, tag }: ModelName): string {
  if (host !== "registry.ollama.ai") return `${host}/${namespace}/${model}:${tag}`;
  return namespace === "library" ? `${model}:${tag}` : `${namespace}/${model}:${tag}`;
}

/** Whether Ollama takes the name for a model that runs in its cloud. */
export function isCloudName(text: string): boolean {
  const tag = /:([^/:]*)$/.exec(text)?.[1]?.toLowerCase() ?? "";
  return tag === "cloud" || tag.endsWith("-cloud");
}

function validName(name: ModelName): ModelName | undefined {
  const valid =
    HOST.test(name.host) &&
    NAMESPACE.test(name.namespace) &&
    MODEL_OR_TAG.test(name.model) &&
    MODEL_OR_TAG.test(name.tag);
  return valid ? name : undefined;
}
