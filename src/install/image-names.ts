import { shortId } from "../core/short-id.ts";
import { DefinitionError } from "../core/errors.ts";
import { fullImageReference, parseImageReference } from "../core/image-reference.ts";

/** A registry host that does not exist: nothing loaded under it is ever pulled or pushed by accident. */
const OWN_REGISTRY = "ollama-bundle.local";

interface NamedBundle {
  readonly name: string;
  /** 64 hex digits. */
  readonly id: string;
}

/**
 * The name under which a bundle's image is loaded, fully qualified: `ollama-bundle.local/<name>:<12 digits of the id>`, with
 * `-<12 digits of the config>` where the image was extended by models, so that one name never stands for two images.
 */
export function loadedImageName(bundle: NamedBundle, extendedConfig?: string): string {
  const suffix = extendedConfig === undefined ? "" : `-${shortId(extendedConfig)}`;
  return `${OWN_REGISTRY}/${repositoryName(bundle.name)}:${shortId(bundle.id)}${suffix}`;
}

/** Whether an image, named in full, was named by an installation. */
export function isOwnName(name: string): boolean {
  return name.startsWith(`${OWN_REGISTRY}/`);
}

/** The name of an image without content, there while an installation fills a new volume. */
export function emptyImageName(installation: string): string {
  return `${OWN_REGISTRY}/helper:${installation}`;
}

/** The name of an image with the first layers of another, there while that is loaded. */
export function prefixImageName(installation: string, index: number): string {
  return `${OWN_REGISTRY}/helper:${installation}-${index}`;
}

/** What the built image is called where nothing else is asked for. */
export function defaultTag(bundleName: string): string {
  return `ollama-preloaded:${bundleName}`;
}

/** A name for the built image, fully qualified. Throws {@link DefinitionError} for what is no name, or names a digest. */
export function readTag(text: string): string {
  const reference = parseImageReference(text);
  if (reference.digest === undefined) return fullImageReference(reference);
  throw new DefinitionError(
    "USAGE",
    `Cannot tag the image as "${text}": a digest follows from the content`,
    {
      hint: "Write a name and a tag, for example ollama-preloaded:site-a.",
    },
  );
}

/** Repositories are lower case, and between letters and digits have one ".", one or two "_", or any number of "-". */
function repositoryName(bundleName: string): string {
  return bundleName
    .toLowerCase()
    .replaceAll(/[._-]+/g, (separator) => (/^(?:\.|__?|-+)$/.test(separator) ? separator : "-"))
    .replace(/[._-]+$/, "");
}
