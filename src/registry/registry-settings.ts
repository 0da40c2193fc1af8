import { readCaFile } from "./ca-file.ts";
import { readOllamaKey } from "./ollama-key.ts";
import type { RegistryOptions } from "./registry-client.ts";

/** What a user says about registries of models and images. */
export interface RegistrySettings {
  /** Hosts of model and image names that are asked over plain HTTP. */
  readonly insecureRegistries?: readonly string[] | undefined;
  /** A PEM file of authorities to trust beside those that Node trusts. */
  readonly ca?: string | undefined;
  /** An Ollama's private key, to be shown to registries of models. */
  readonly ollamaKey?: string | undefined;
  /** Requests for content at once. */
  readonly parallel?: number | undefined;
  /** Bytes a second of all downloads together. */
  readonly limitRate?: number | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
}

/** The same with the files read. Throws {@link DefinitionError}. */
export async function readRegistrySettings({
  insecureRegistries,
  ca,
  ollamaKey,
  parallel,
  limitRate,
  env,
}: RegistrySettings): Promise<RegistryOptions> {
  return {
    env,
    insecureHosts: insecureRegistries,
    connections: parallel,
    bytesPerSecond: limitRate,
    ca: ca === undefined ? undefined : await readCaFile(ca),
    ollamaKey: ollamaKey === undefined ? undefined : await readOllamaKey(ollamaKey),
  };
}
