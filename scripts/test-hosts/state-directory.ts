import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
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

/**
 * A path below the same directory, through a link that `makeShortPath` made: the path of a Unix socket has at most 107 bytes
 * (unix(7)), and XDG_CACHE_HOME can be longer. Only root has test hosts that need it, and only root writes in /run.
 */
export function shortPath(...segments: readonly string[]): string {
  return join("/run", `ollama-bundle-test-hosts-${stateKey()}`, ...segments);
}

/** Leaves a link that is there in place: others may be on their way through it, and its name stands for where it leads. */
export function makeShortPath(): void {
  if (lstatSync(shortPath(), { throwIfNoEntry: false }) === undefined)
    symlinkSync(statePath(), shortPath());
}

export function removeShortPath(): void {
  rmSync(shortPath(), { force: true });
}

/** Eight hexadecimal digits that tell the hosts of one state directory from those of another on the same machine. */
export function stateKey(): string {
  return createHash("sha256").update(statePath()).digest("hex").slice(0, 8);
}
