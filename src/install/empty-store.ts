import { readFile, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../core/errors.ts";
import { putStoreFile, removeTemporary } from "./fill-store.ts";
import type { StepOf } from "./journal-step.ts";
import { inStore, openStore } from "./store.ts";

/** Takes back what an installation put into a store: manifests first, then blobs, so that Ollama never lists a model without its weights. */
export async function emptyStore(step: StepOf<"storeFiles">): Promise<void> {
  await inStore(step.store, async () => {
    const store = await openStore(step.store);
    for (const { path, previous } of step.manifests) {
      if (previous === undefined) await rm(join(step.store, path), { force: true });
      else
        await putStoreFile(
          { store, temporary: step.temporary },
          path,
          Buffer.from(previous, "base64"),
        );
    }
    const named = await blobsNamedIn(step.store);
    for (const path of step.blobs)
      if (!named.has(path)) await rm(join(step.store, path), { force: true });
    await removeTemporary({ store, temporary: step.temporary });
    for (const directory of step.directories.toReversed())
      await removeIfEmpty(join(step.store, directory));
  });
}

/** `blobs/sha256-<hex>` for each digest in any manifest: a pull that ran at the same time may rely on a blob that we brought. */
async function blobsNamedIn(store: string): Promise<Set<string>> {
  const named = new Set<string>();
  const entries = await readdir(join(store, "manifests"), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  for (const entry of entries.filter((each) => each.isFile())) {
    const text = await readFile(join(entry.parentPath, entry.name), "utf8");
    for (const [, hex] of text.matchAll(/sha256:([0-9a-f]{64})/g)) named.add(`blobs/sha256-${hex}`);
  }
  return named;
}

async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
}
