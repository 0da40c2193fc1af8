import { createHash } from "node:crypto";
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

/** Eight hexadecimal digits that tell the hosts of one state directory from those of another on the same machine. */
export function stateKey(): string {
  return createHash("sha256").update(statePath()).digest("hex").slice(0, 8);
}
