import { homedir } from "node:os";
import { join } from "node:path";

/** Where the staging volume is when nobody says otherwise: below XDG_CACHE_HOME, else ~/.cache. */
export function defaultStagingDirectory({ XDG_CACHE_HOME }: Readonly<NodeJS.ProcessEnv>): string {
  const cache =
    XDG_CACHE_HOME === undefined || XDG_CACHE_HOME === ""
      ? join(homedir(), ".cache")
      : XDG_CACHE_HOME;
  return join(cache, "ollama-bundle", "staging");
}
