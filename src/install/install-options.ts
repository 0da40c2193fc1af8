import { DefinitionError } from "../core/errors.ts";
import { defaultTag, readTag } from "./image-names.ts";
import {
  type ModelsIn,
  type ModelsInWish,
  type ModelsPlace,
  readModelsPlace,
} from "./models-place.ts";
import { type PublishAddress, parsePublishAddress } from "./publish-address.ts";

export const DEFAULT_VOLUME = "ollama-models";

/** How the user wants it, as on the command line. */
export interface InstallWishes {
  /** Default `image`. */
  readonly modelsIn?: ModelsInWish | undefined;
  /** Ollama's models directory on this host, for `native`; by default it is looked for. */
  readonly store?: string | undefined;
  /** Where the Ollama that uses `store` answers; default `http://127.0.0.1:11434`. */
  readonly ollamaUrl?: string | undefined;
  /** Default `ollama`. */
  readonly container?: string | undefined;
  /** As `docker run -p` takes it; default 127.0.0.1:11434. */
  readonly publish?: string | undefined;
  /** Default {@link DEFAULT_VOLUME}. */
  readonly volume?: string | undefined;
  /** An existing network of the engine, in which others find the server as `ollama`. */
  readonly network?: string | undefined;
  /** Removes the models that the bundle does not name. */
  readonly exact?: boolean | undefined;
  /** Of the built image; default `ollama-preloaded:<bundle name>`. */
  readonly tag?: string | undefined;
}

/** Names on an engine, checked; the tag is fully qualified. */
export interface EngineNames {
  readonly container: string;
  readonly publish: PublishAddress;
  readonly volume: string;
  readonly tag: string;
  readonly network?: string | undefined;
}

/** What Docker and Podman take as the name of a container or volume. */
const ENGINE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]+$/;

/** Throws {@link DefinitionError} for what is no name or address. */
export function readEngineNames(wishes: InstallWishes, bundleName: string): EngineNames {
  const {
    container = "ollama",
    volume = DEFAULT_VOLUME,
    publish = "11434",
    tag = defaultTag(bundleName),
    network,
  } = wishes;
  return {
    container: engineName("container", container),
    volume: engineName("volume", volume),
    publish: parsePublishAddress(publish),
    tag: readTag(tag),
    ...(network !== undefined && { network: engineName("network", network) }),
  };
}

/** For options that not every mode has: their names on the command line, and the modes that they are for. */
const MODES_OF = [
  ["store", "--store", ["native"]],
  ["ollamaUrl", "--ollama-url", ["native"]],
  ["volume", "--volume", ["volume"]],
  ["container", "--container", ["image", "volume", "dir"]],
  ["publish", "--publish", ["image", "volume", "dir"]],
  ["network", "--network", ["image", "volume", "dir"]],
  ["tag", "--tag", ["image", "volume", "dir"]],
] as const satisfies readonly (readonly [keyof InstallWishes, string, readonly ModelsIn[]])[];

/**
 * Where the models go. Throws {@link DefinitionError} for options that another place has:
 * what would be ignored is refused, since who wrote it expects something of it.
 */
export function readPlace(wishes: InstallWishes): ModelsPlace {
  const place = readModelsPlace(wishes.modelsIn ?? "image");
  for (const [option, flag, modes] of MODES_OF) {
    if (wishes[option] === undefined || modes.some((mode) => mode === place.kind)) continue;
    const needed = `--models-in ${modes.map((mode) => (mode === "dir" ? "dir:PATH" : mode)).join(" or ")}`;
    throw new DefinitionError(
      "USAGE",
      `Cannot use ${flag} with --models-in ${wishes.modelsIn ?? "image"}: it is for ${needed}`,
      { hint: `Leave ${flag} out, or install with ${needed}.` },
    );
  }
  return place;
}

function engineName(what: string, name: string): string {
  if (ENGINE_NAME.test(name)) return name;
  throw new DefinitionError(
    "USAGE",
    `Cannot name a ${what} ${JSON.stringify(name)}: expected at least two letters, digits, "_", "." and "-", the first a letter or a digit`,
    { hint: `Write it as in --${what} ollama-site-a.` },
  );
}
