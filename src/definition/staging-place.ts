import { DefinitionError } from "../core/errors.ts";
import type { ImageLocation, NamedImage } from "./image-location.ts";
import { isNameInEngine } from "./store-location.ts";

/** Where what is fetched is kept: a directory, or besides that a Docker volume in which Ollama pulls the models. */
export interface StagingPlace {
  /** Missing for the usual one. */
  readonly directory?: string | undefined;
  readonly pullVolume?: string | undefined;
}

export interface StagingWishes {
  /** A directory, or `volume:NAME`. */
  readonly staging?: string | undefined;
  /** `ollama` */
  readonly pullWith?: string | undefined;
  /** Options by their names that have no meaning where Ollama pulls, with what was said; undefined where nothing was. */
  readonly others: Readonly<Record<string, unknown>>;
}

const EXAMPLE = "--staging volume:NAME --pull-with ollama";

/** `volume:NAME` and `--pull-with ollama` go together, or not at all. Throws {@link DefinitionError}. */
export function stagingPlace({ staging, pullWith, others }: StagingWishes): StagingPlace {
  const volume = /^volume:(?<name>.*)$/s.exec(staging ?? "")?.groups?.["name"];
  if (pullWith === undefined && volume === undefined) return { directory: staging };
  if (pullWith === undefined) {
    throw usage(
      `Cannot use "${staging}" as a staging volume: a Docker volume is one for models that Ollama pulls`,
      `Write it as in ${EXAMPLE}; a directory of such a name is ./volume:…`,
    );
  }
  if (pullWith !== "ollama")
    throw usage(`Cannot pull with "${pullWith}": expected ollama`, `Write it as in ${EXAMPLE}.`);
  if (volume === undefined || !isNameInEngine(volume)) {
    throw usage(
      "Cannot pull with ollama: no Docker volume is named to pull into",
      `Name one, which is made where it is not there: ${EXAMPLE}.`,
    );
  }
  const other = Object.keys(others).find((name) => others[name] !== undefined);
  if (other !== undefined) {
    throw usage(
      `Cannot use --${other} together with --pull-with ollama: Ollama asks the registries itself, and takes no such setting`,
      `Leave one of the two out.`,
    );
  }
  return { pullVolume: volume };
}

/** The image whose Ollama pulls: the one that is packed, and that an engine can run. Throws {@link DefinitionError}. */
export function imageThatPulls(image: ImageLocation | undefined): NamedImage {
  const from = image?.transport ?? "none";
  if (image !== undefined && (image.transport === "any" || image.transport === "docker-daemon"))
    return { ...image, transport: "docker-daemon" };
  throw usage(
    `Cannot pull with ollama: that takes the image that is packed, through the engine, and with --image ${from === "none" ? from : `${from}:…`} there is none there`,
    "Pull with an image as in --image ollama/ollama:0.24.0. What is in the volume then can be packed in other ways: --from-store volume:NAME.",
  );
}

function usage(message: string, hint: string): DefinitionError {
  return new DefinitionError("USAGE", message, { hint });
}
