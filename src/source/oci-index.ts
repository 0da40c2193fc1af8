import { DefinitionError, SourceError } from "../core/errors.ts";
import { FILE_HINT, fullNameIn, nameAfterFile } from "./image-file.ts";
import { type Descriptor, isAttestation, parseManifest } from "./image-manifest.ts";

const MAX_LISTED = 20;

export interface ChosenInIndex {
  /** The image's name, in full. */
  readonly reference: string;
  /** One manifest or index, or the manifests of several platforms. */
  readonly candidates: readonly Descriptor[];
}

/**
 * Chooses an image by its name in an OCI layout's index.json, or the only one that is there
 * (https://github.com/opencontainers/image-spec/blob/main/image-layout.md#indexjson-file). Throws {@link SourceError}, and
 * {@link DefinitionError} where a name is needed.
 */
export function chooseInIndex(
  bytes: Buffer | undefined,
  { path, name }: { readonly path: string; readonly name?: string | undefined },
): ChosenInIndex {
  const entries = readIndex(bytes, path).filter((entry) => !isAttestation(entry));
  const candidates =
    name === undefined ? entries : entries.filter((entry) => isCalled(entry, name));
  const names = new Set(candidates.map(nameOf));
  if (name === undefined && names.size > 1) throw severalImages(path, entries);
  const [first] = candidates;
  if (first !== undefined) return { candidates, reference: referenceOf(first, path) };
  const found = entries.length === 0 ? "there is no image in it" : `it has ${listed(entries)}`;
  const what = name === undefined ? "an image" : `"${name}"`;
  throw new SourceError("NOT_FOUND", `Cannot find ${what} in "${path}": ${found}`, {
    hint: "Name one that is there, as in oci:DIR:NAME or oci-archive:FILE:NAME.",
  });
}

function readIndex(bytes: Buffer | undefined, path: string): readonly Descriptor[] {
  const parsed = bytes === undefined ? { problem: "it is not there" } : parseManifest(bytes);
  if ("index" in parsed) return parsed.index.manifests;
  const problem = "problem" in parsed ? parsed.problem : "it is no index";
  throw new SourceError("INCOMPLETE", `Cannot read index.json of "${path}": ${problem}`, {
    hint: FILE_HINT,
  });
}

function isCalled(entry: Descriptor, name: string): boolean {
  const { refName, imageName } = namesOf(entry);
  const full = fullNameIn(name);
  return (
    refName === name ||
    imageName === name ||
    (full !== undefined && (fullNameIn(refName) === full || fullNameIn(imageName) === full))
  );
}

function referenceOf(entry: Descriptor, path: string): string {
  const { refName, imageName } = namesOf(entry);
  return fullNameIn(imageName) ?? fullNameIn(refName) ?? nameAfterFile(path, refName);
}

function nameOf(entry: Descriptor): string | undefined {
  const { refName, imageName } = namesOf(entry);
  return imageName ?? refName;
}

/** OCI's own annotation has a tag or a whole name, as the tool likes; containerd's and docker's has the whole name. */
function namesOf({ annotations }: Descriptor): {
  readonly refName: string | undefined;
  readonly imageName: string | undefined;
} {
  return {
    refName: annotations?.["org.opencontainers.image.ref.name"],
    imageName: annotations?.["io.containerd.image.name"],
  };
}

function severalImages(path: string, entries: readonly Descriptor[]): DefinitionError {
  return new DefinitionError(
    "USAGE",
    `Cannot tell which image of "${path}" is wanted: it has ${listed(entries)}`,
    { hint: "Add its name behind the path, as in oci:DIR:NAME or oci-archive:FILE:NAME." },
  );
}

function listed(entries: readonly Descriptor[]): string {
  const names = [...new Set(entries.map(nameOf))].map((name) =>
    name === undefined ? "one without a name" : `"${name}"`,
  );
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : "";
  return `${names.slice(0, MAX_LISTED).join(", ")}${more}`;
}
