import { resolve } from "node:path";
import { DefinitionError } from "../core/errors.ts";

/** Where models go: into the image, a volume, a directory of this host beside a container, or the store of an Ollama on this host. */
export type ModelsIn = "image" | "volume" | "dir" | "native";

/** As it is typed. */
export type ModelsInWish = Exclude<ModelsIn, "dir"> | `dir:${string}`;

/** Those places from which a container serves. */
export type EnginePlace =
  | { readonly kind: "image" | "volume" }
  /** Absolute path. */
  | { readonly kind: "dir"; readonly path: string };

export type ModelsPlace = EnginePlace | { readonly kind: "native" };

const DIR = "dir:";

/** Throws {@link DefinitionError} for anything else than `image`, `volume`, `dir:PATH` and `native`. */
export function readModelsPlace(text: string): ModelsPlace {
  if (text === "image" || text === "volume" || text === "native") return { kind: text };
  if (text.startsWith(DIR)) return { kind: "dir", path: readDirectory(text.slice(DIR.length)) };
  throw new DefinitionError(
    "USAGE",
    `Cannot put models into ${JSON.stringify(text)}: expected image, volume, dir:PATH or native`,
    { hint: "Write it like --models-in volume, or --models-in dir:/srv/ollama-models." },
  );
}

function readDirectory(path: string): string {
  if (path === "") throw unusable(path, "expected a path after dir:");
  // Shells expand it at the beginning of a word alone.
  if (path.startsWith("~")) throw unusable(path, 'the shell left "~" as it is');
  const absolute = resolve(path);
  if (!absolute.includes(":")) return absolute;
  throw unusable(absolute, 'container engines take the ":" for the end of the path');
}

function unusable(path: string, why: string): DefinitionError {
  return new DefinitionError("USAGE", `Cannot put models into the directory "${path}": ${why}`, {
    hint: 'Write it like --models-in "dir:$HOME/ollama models".',
  });
}
