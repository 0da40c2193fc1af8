import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A path below the one directory that holds everything of the test hosts; safe to delete when they are down. */
export function statePath(...segments: readonly string[]): string {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(cache, "ollama-bundle-test-hosts", ...segments);
}

/** The directory of one host, made when it is missing. */
export function hostDirectory(name: string): string {
  const directory = statePath("hosts", name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}
