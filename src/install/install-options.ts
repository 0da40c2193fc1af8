import { DefinitionError } from "../core/errors.ts";
import { defaultTag, readTag } from "./image-names.ts";
import { type PublishAddress, parsePublishAddress } from "./publish-address.ts";

export type ModelsIn = "image" | "volume" | "native";

export const DEFAULT_VOLUME = "ollama-models";

/** How the user wants it, as on the command line. */
export interface InstallWishes {
  /** Default `image`. */
  readonly modelsIn?: ModelsIn | undefined;
  /** Ollama's models directory on this host, for `native`. */
  readonly store?: string | undefined;
  /** Where the Ollama that uses `store` answers; default `http://127.0.0.1:11434`. */
  readonly ollamaUrl?: string | undefined;
  /** Default `ollama`. */
  readonly container?: string | undefined;
  /** As `docker run -p` takes it; default 127.0.0.1:11434. */
  readonly publish?: string | undefined;
  /** Default {@link DEFAULT_VOLUME}. */
  readonly volume?: string | undefined;
  /** Of the built image; default `ollama-preloaded:<bundle name>`. */
  readonly tag?: string | undefined;
}

/** Names on an engine, checked; the tag is fully qualified. */
export interface EngineNames {
  readonly container: string;
  readonly publish: PublishAddress;
  readonly volume: string;
  readonly tag: string;
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
  } = wishes;
  return {
    container: engineName("container", container),
    volume: engineName("volume", volume),
    publish: parsePublishAddress(publish),
    tag: readTag(tag),
  };
}

/** For options that not every mode has: their names on the command line, and the modes that they are for. */
const MODES_OF = [
  ["store", "--store", ["native"]],
  ["ollamaUrl", "--ollama-url", ["native"]],
  ["volume", "--volume", ["volume"]],
  ["container", "--container", ["image", "volume"]],
  ["publish", "--publish", ["image", "volume"]],
  ["tag", "--tag", ["image", "volume"]],
] as const satisfies readonly (readonly [keyof InstallWishes, string, readonly ModelsIn[]])[];

/**
 * The models directory to install into, or undefined for an engine. Throws {@link DefinitionError} where `native` lacks it.
 */
export function readStoreWish(wishes: InstallWishes): string | undefined {
  const { modelsIn, store } = wishes;
  if (modelsIn === "native" && (store === undefined || store === "")) {
    throw new DefinitionError(
      "USAGE",
      "Cannot install natively: it is not said where Ollama has its models on this host",
      {
        hint: "Add --store DIR: OLLAMA_MODELS of that Ollama, else .ollama/models in the home of the user that it runs as.",
      },
    );
  }
  return store;
}

/** What would be ignored is refused, as {@link DefinitionError}: who wrote it expects something of it. */
export function refuseOptionsOfOtherModes(wishes: InstallWishes): void {
  const { modelsIn = "image" } = wishes;
  for (const [option, flag, modes] of MODES_OF) {
    if (wishes[option] === undefined || modes.some((mode) => mode === modelsIn)) continue;
    const needed = `--models-in ${modes.join(" or ")}`;
    throw new DefinitionError(
      "USAGE",
      `Cannot use ${flag} with --models-in ${modelsIn}: it is for ${needed}`,
      { hint: `Leave ${flag} out, or install with ${needed}.` },
    );
  }
}

function engineName(what: string, name: string): string {
  if (ENGINE_NAME.test(name)) return name;
  throw new DefinitionError(
    "USAGE",
    `Cannot name a ${what} ${JSON.stringify(name)}: expected at least two letters, digits, "_", "." and "-", the first a letter or a digit`,
    { hint: `Write it as in --${what} ollama-site-a.` },
  );
}
