import { readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { DefinitionError, HostError } from "../../core/errors.ts";
import type { Engine, EngineInfo } from "../../engine/engine.ts";
import type { Selection } from "../select-models.ts";
import { type Store, inStore, openStore, statOrUndefined } from "./store.ts";
import { assertWritable } from "./survey-store.ts";

/** Of a file system, of a desktop, and of an installation that was killed. */
const EXPECTED = /^(?:lost\+found$|\.|ollama-bundle[.-])/;

/**
 * Looks at a directory of this host that containers are to have their models from, and changes nothing. Throws
 * {@link HostError}, and {@link DefinitionError} where the engine cannot see the directory.
 */
export async function openModelsDirectory(
  path: string,
  selection: Selection,
  { address, isLocal, dataRoot }: EngineInfo & Pick<Engine, "address">,
): Promise<Store> {
  if (!isLocal) {
    throw new DefinitionError(
      "NOT_SUPPORTED",
      `Cannot put models into the directory "${path}": the engine at ${address} runs on another host, or in a virtual machine`,
      { hint: "Use --models-in volume." },
    );
  }
  const store = await openStore(path);
  await inStore(path, async () => {
    await assertOutside(store, await realpath(dataRoot));
    await assertForModels(store);
  });
  await assertWritable(store, selection);
  return store;
}

async function assertOutside({ root }: Store, dataRoot: string): Promise<void> {
  if (root !== dataRoot && !root.startsWith(dataRoot + sep)) return;
  throw new HostError(
    "NO_RIGHTS",
    `Cannot put models into the directory "${root}": it is in the engine's own data directory "${dataRoot}"`,
    { hint: "Give a directory outside of it, or let the engine manage one: --models-in volume." },
  );
}

/** Engines relabel everything in the directory for SELinux: a home or a system directory would be unusable afterwards. */
async function assertForModels({ root }: Store): Promise<void> {
  const there = await statOrUndefined(root);
  if (there === undefined) return;
  const names = await readdir(root);
  const foreign = names.find((name) => !EXPECTED.test(name));
  if (foreign === undefined || names.includes("blobs")) return;
  throw new HostError(
    "EXISTS",
    `Cannot put models into the directory "${root}": it has other files, "${foreign}" among them`,
    { hint: `Give one of its own, for example --models-in "dir:${join(root, "ollama-models")}".` },
  );
}
