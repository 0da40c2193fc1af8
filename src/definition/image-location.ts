import { DefinitionError } from "../core/errors.ts";
import { fullImageReference, parseImageReference } from "../core/image-reference.ts";
import { withoutCredentials } from "../core/without-credentials.ts";

/** Where an image is to come from. */
export type ImageLocation = NamedImage | ImageFile;

export interface NamedImage {
  /** `any`: the engine if one answers, else the registry. */
  readonly transport: "any" | "docker" | "docker-daemon";
  /** Fully qualified: `docker.io/ollama/ollama:latest`. */
  readonly reference: string;
}

export interface ImageFile {
  readonly transport: "docker-archive" | "oci" | "oci-archive";
  readonly path: string;
  /** Which of its images; fully qualified for `docker-archive`. Missing where there is only one. */
  readonly name?: string | undefined;
}

const FILE = /^(?<transport>docker-archive|oci-archive|oci):(?<rest>.*)$/s;
/** The path ends at the first colon, as in skopeo, but for that of a Windows drive. */
const PATH_AND_NAME = /^(?<path>(?:[A-Za-z]:(?=[\\/]))?[^:]+)(?::(?<name>.+))?$/s;

/**
 * Reads what skopeo calls an image name (https://github.com/containers/image/blob/main/docs/containers-transports.5.md):
 * `docker://REF`, `docker-daemon:REF`, `docker-archive:FILE[:REF]`, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`; and a plain
 * reference. Throws {@link DefinitionError}.
 */
export function parseImageLocation(text: string): ImageLocation {
  const file = FILE.exec(text)?.groups;
  if (file !== undefined)
    return imageFile(text, file["transport"] as ImageFile["transport"], file["rest"] ?? "");
  if (text.startsWith("docker://"))
    return { transport: "docker", reference: fullName(text.slice("docker://".length)) };
  if (text.startsWith("docker-daemon:"))
    return { transport: "docker-daemon", reference: fullName(text.slice("docker-daemon:".length)) };
  return { transport: "any", reference: fullName(text) };
}

function imageFile(text: string, transport: ImageFile["transport"], rest: string): ImageFile {
  const { path, name } = PATH_AND_NAME.exec(rest)?.groups ?? {};
  if (path === undefined) {
    throw new DefinitionError(
      "IMAGE_REFERENCE_INVALID",
      `Cannot read the image name "${withoutCredentials(text)}": expected ${transport}:PATH or ${transport}:PATH:NAME`,
      { hint: "A path with a colon in it cannot be given: rename it." },
    );
  }
  if (name === undefined) return { transport, path };
  return { transport, path, name: transport === "docker-archive" ? fullName(name) : name };
}

function fullName(reference: string): string {
  return fullImageReference(parseImageReference(reference));
}
