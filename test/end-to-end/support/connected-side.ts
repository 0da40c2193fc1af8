import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ModelRegistry, startModelRegistry } from "../../support/model-registry.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import {
  type ModelSpec,
  type TinyModels,
  writeModel,
  writeTinyModels,
} from "../../support/tiny-models.ts";

export interface ConnectedSide extends AsyncDisposable {
  /** A directory for everything that a test makes. */
  readonly path: string;
  /** The store that the registry serves. */
  readonly store: string;
  readonly registry: ModelRegistry;
  readonly tiny: TinyModels;
  /** A new directory below `path`. */
  directory(name: string): Promise<string>;
}

/** The names of the models that every test has, as a user types them. */
export const TINY_MODELS = "tiny,tiny:second,tiny-embed";

/** The machine with a network: a model registry with tiny models, and with those of `more`. */
export async function connectedSide(more: readonly ModelSpec[] = []): Promise<ConnectedSide> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const store = join(path, "registry-store");
  const tiny = await writeTinyModels(store);
  for (const spec of more) await writeModel(store, spec);
  const registry = stack.use(await startModelRegistry({ store }));
  const owned = stack.move();
  return {
    path,
    store,
    registry,
    tiny,
    async directory(name) {
      const directory = join(path, name);
      await mkdir(directory, { recursive: true });
      return directory;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
