import { DEFAULT_MODEL_HOST } from "../core/model-name.ts";
import { isHuggingFace } from "./hugging-face.ts";
import { registryName } from "./login.ts";
import type { Repository } from "./repository.ts";

/** What to do where a registry refuses somebody without a login. */
export function hintWithoutLogin({ base, path }: Repository): string {
  if (isHuggingFace(base)) {
    return `Set HF_TOKEN to a token that may read it, and accept its terms at https://${base.host}/${path} if it has some.`;
  }
  const registry = registryName(base.host);
  if (registry === DEFAULT_MODEL_HOST) {
    return "Check the name. For a private model name the key of an Ollama that is signed in, --ollama-key ~/.ollama/id_ed25519; or `ollama pull` it there, and use --from-store.";
  }
  return `Check the name, and log in with \`docker login ${registry}\` or \`podman login ${registry}\`. What an engine has already is taken with docker-daemon:NAME.`;
}

/** What to do where a registry refuses the login that it was shown. */
export function hintWithLogin({ base, path }: Repository): string {
  if (isHuggingFace(base)) {
    return `Set HF_TOKEN to a token that has not expired and may read it, and accept its terms at https://${base.host}/${path} if it has some.`;
  }
  const registry = registryName(base.host);
  return `Log in again with \`docker login ${registry}\` or \`podman login ${registry}\`: a login expires. If that does not help, ask who runs the registry for the right to pull this.`;
}

/** What to do where a registry refuses an Ollama's key. */
export const HINT_WITH_KEY =
  "Add the public half of that key, the .pub file beside it, to the keys of your account there, and check that the account may pull this.";
