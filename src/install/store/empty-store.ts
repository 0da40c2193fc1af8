import { rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../core/errors.ts";
import { putStoreFile, removeTemporary } from "./fill-store.ts";
import type { StepOf } from "../journal-step.ts";
import { blobsNamedBy, modelsInStore } from "../models-there.ts";
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
    // A pull that ran at the same time may rely on a blob that we brought.
    const named = blobsNamedBy(await modelsInStore(store));
    for (const path of step.blobs)
      if (!named.has(path)) await rm(join(step.store, path), { force: true });
    await removeTemporary({ store, temporary: step.temporary });
    for (const directory of step.directories.toReversed())
      await removeIfEmpty(join(step.store, directory));
  });
}

async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
}
