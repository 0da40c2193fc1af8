import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { InstallOptions } from "../../src/install-bundle.ts";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

export type StoreHost = Awaited<ReturnType<typeof storeHost>>;

/** A directory with a store that a server serves, and what install needs to be told. */
export async function storeHost() {
  const directory = await temporaryDirectory();
  const store = join(directory.path, "models");
  const state = join(directory.path, "state");
  await mkdir(store);
  const server = await startOllamaStandIn({ models: store, noPrune: true });
  const options = {
    modelsIn: "native",
    store,
    ollamaUrl: server.url,
    env: { XDG_STATE_HOME: state },
    healthTimeoutSeconds: 20,
  } as const satisfies Partial<InstallOptions>;
  return {
    path: directory.path,
    store,
    state,
    options,
    server,
    /** What the server lists: names and manifest digests. */
    async tags(): Promise<Record<string, string>> {
      const answer = await fetch(`${server.url}/api/tags`);
      const { models } = (await answer.json()) as { models: { name: string; digest: string }[] };
      return Object.fromEntries(models.map(({ name, digest }) => [name, digest]));
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
