import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { isInstallationId } from "../installation-id.ts";
import { type Store, inStore } from "./store.ts";

const PREFIX = "ollama-bundle-";

/** Relative to the store: a directory of an installation's own for files that are not whole yet. */
export function temporaryDirectoryOf(installation: string): string {
  return `${PREFIX}${installation}`;
}

/**
 * Removes the temporary directories in a store, each with a warning. Whoever holds the store's lock may: only an installation
 * that was killed leaves one.
 */
export async function removeLeftTemporaries(
  { root }: Store,
  { onProgress }: WorkOptions,
): Promise<void> {
  const entries = await inStore(root, () => readdir(root, { withFileTypes: true }));
  for (const entry of entries.filter((each) => each.isDirectory() && isTemporary(each.name))) {
    const text = await removed(join(root, entry.name));
    onProgress?.({ kind: "warning", text });
  }
}

function isTemporary(name: string): boolean {
  return name.startsWith(PREFIX) && isInstallationId(name.slice(PREFIX.length));
}

/** What there is to say of it: that it stays is in nobody's way. */
async function removed(path: string): Promise<string> {
  try {
    await rm(path, { recursive: true, force: true });
    return `Removed "${path}": an installation that was killed had left it`;
  } catch (error) {
    return `Cannot remove "${path}", which an installation that was killed had left: ${messageOf(error)}`;
  }
}
