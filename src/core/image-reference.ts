import { DefinitionError } from "./errors.ts";
import { withoutCredentials } from "./without-credentials.ts";

const DEFAULT_REGISTRY = "docker.io";

const DOMAIN = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/;
const REPOSITORY = /^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** A container image's name, as distribution/reference reads it, in full. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
}

/** Reads `ollama/ollama`, `ollama/ollama:0.24.0`, `host:5000/a/b@sha256:…`. Without tag and digest the tag is `latest`. Throws {@link DefinitionError}. */
export function parseImageReference(text: string): ImageReference {
  const [named = "", digest] = text.split("@", 2);
  const tagAt = named.lastIndexOf(":");
  const hasTag = tagAt > named.lastIndexOf("/");
  const tag = hasTag ? named.slice(tagAt + 1) : undefined;
  const path = hasTag ? named.slice(0, tagAt) : named;
  const reference = {
    ...splitRegistry(path),
    tag: tag ?? (digest === undefined ? "latest" : undefined),
    digest,
  };
  if (isValid(reference) && text.split("@").length <= 2) return reference;
  throw new DefinitionError(
    "IMAGE_REFERENCE_INVALID",
    `Cannot read the image name "${withoutCredentials(text)}": expected [registry/]repository[:tag][@sha256:…]`,
    {
      hint: "Write it as `docker pull` takes it, for example ollama/ollama:0.24.0.",
    },
  );
}

/** The name in full: `docker.io/ollama/ollama:latest`. */
export function fullImageReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function splitRegistry(path: string): { registry: string; repository: string } {
  const at = path.indexOf("/");
  const first = path.slice(0, Math.max(at, 0));
  const isRegistry = first.includes(".") || first.includes(":") || first === "localhost";
  const [registry, repository] = isRegistry
    ? [first, path.slice(at + 1)]
    : [DEFAULT_REGISTRY, path];
  const isOfficial = registry === DEFAULT_REGISTRY && !repository.includes("/");
  return {
    registry: registry === "index.docker.io" ? DEFAULT_REGISTRY : registry,
    repository: isOfficial ? `library/${repository}` : repository,
  };
}

function isValid({ registry, repository, tag, digest }: ImageReference): boolean {
  return (
    DOMAIN.test(registry) &&
    REPOSITORY.test(repository) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest))
  );
}
