import { DefinitionError } from "../core/errors.ts";

export const DEFAULT_SERVER_URL = "http://127.0.0.1:11434";

/**
 * Reads the address of an Ollama server as people write it: `http://host:11434`, or without the scheme as in OLLAMA_HOST.
 * Throws {@link DefinitionError}.
 */
export function parseServerUrl(text: string): URL {
  const url = URL.parse(/^[a-z][a-z+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new DefinitionError(
    "USAGE",
    `Cannot read the server's address "${text}": expected http://HOST[:PORT]`,
    { hint: `Write it like ${DEFAULT_SERVER_URL}.` },
  );
}

/** The address for messages and reports: without a user's name and password. */
export function displayUrl(url: URL): string {
  return `${url.origin}${url.pathname === "/" ? "" : url.pathname}`;
}
