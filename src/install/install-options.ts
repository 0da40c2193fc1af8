import { DefinitionError } from "../core/errors.ts";
import { defaultTag, readTag } from "./image-names.ts";
import { type PublishAddress, parsePublishAddress } from "./publish-address.ts";

export type ModelsIn = "image" | "volume" | "native";

/** How the user wants it, as on the command line. */
export interface InstallWishes {
  /** Default `image`. */
  readonly modelsIn?: ModelsIn | undefined;
  /** Ollama's models directory on this host, for `native`. */
  readonly store?: string | undefined;
  /** Default `ollama`. */
  readonly container?: string | undefined;
  /** As `docker run -p` takes it; default 127.0.0.1:11434. */
  readonly publish?: string | undefined;
  /** Default `ollama-models`. */
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
    volume = "ollama-models",
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

/** Throws {@link DefinitionError} where `native` lacks its store, or another mode is given one. */
export function readStoreWish({ modelsIn, store }: InstallWishes): string | undefined {
  if (modelsIn === "native" && (store === undefined || store === "")) {
    throw new DefinitionError(
      "USAGE",
      "Cannot install natively: it is not said where Ollama has its models on this host",
      {
        hint: "Add --store DIR: OLLAMA_MODELS of that Ollama, else .ollama/models in the home of the user that it runs as.",
      },
    );
  }
  if (modelsIn !== "native" && store !== undefined) {
    throw new DefinitionError(
      "USAGE",
      `Cannot install into the store "${store}": that is for --models-in native`,
      {
        hint: "Add --models-in native, or leave --store out.",
      },
    );
  }
  return store;
}

function engineName(what: string, name: string): string {
  if (ENGINE_NAME.test(name)) return name;
  throw new DefinitionError(
    "USAGE",
    `Cannot name a ${what} ${JSON.stringify(name)}: expected letters, digits, "_", "." and "-"`,
  );
}
