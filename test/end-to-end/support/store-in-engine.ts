import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { type WrittenTarEntry, writeTar } from "../../../src/core/tar.ts";
import type { ContainerSpec, Engine } from "../../../src/engine/engine.ts";
import { builtImage, uniqueName } from "../../support/built-image.ts";
import { tinyProgram } from "../../support/tiny-program.ts";

export interface StoreInEngine extends AsyncDisposable {
  readonly volume: string;
  /** Has the volume at /root/.ollama, as the command line of Ollama's documentation has it, and was never started. */
  readonly stopped: string;
  /** Has the volume elsewhere, which OLLAMA_MODELS says, and runs. */
  readonly running: string;
  /** Replaces a file of the volume. */
  put(path: string, content: Uint8Array): Promise<void>;
}

/** A volume with an Ollama store and the private key that lies beside it, and two containers that have it. */
export async function storeInEngine(engine: Engine, store: string): Promise<StoreInEngine> {
  await using stack = new AsyncDisposableStack();
  const name = uniqueName();
  const [volume, stopped, running] = [`store-${name}`, `stopped-${name}`, `running-${name}`];
  const files = { program: tinyProgram({}) };
  const image = stack.use(
    await builtImage(engine, { instructions: ["COPY program /program"], files }),
  );
  await engine.createVolume(volume, {});
  stack.defer(() => engine.removeVolume(volume));
  const create = async (spec: Omit<ContainerSpec, "image" | "labels">): Promise<void> => {
    const fixed = { image: image.reference, labels: {}, entrypoint: ["/program"] };
    await engine.createContainer({ ...fixed, ...spec, network: "none" });
    stack.defer(() => engine.removeContainer(spec.name));
  };
  await create({ name: stopped, volumes: { [volume]: "/root/.ollama" } });
  const env = ["HOME=/nowhere", "OLLAMA_MODELS=/srv/ollama/models"];
  await create({ name: running, volumes: { [volume]: "/srv/ollama" }, env });
  await engine.startContainer(running);
  const write = (entries: AsyncIterable<WrittenTarEntry> | Iterable<WrittenTarEntry>) =>
    engine.putArchive({ container: stopped, path: "/root/.ollama" }, writeTar(entries), {});
  await write(entriesOf(store));
  const owned = stack.move();
  return {
    volume,
    stopped,
    running,
    put: (path, content) => write([{ path, size: content.length, content }]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function* entriesOf(store: string): AsyncGenerator<WrittenTarEntry> {
  const key = Buffer.from("a private key\n");
  yield { path: "id_ed25519", size: key.length, mode: 0o600, content: key };
  for (const entry of await readdir(store, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const path = `models/${relative(store, file)}`;
    if (entry.isDirectory())
      yield { path: `${path}/`, size: 0, mode: 0o755, content: Buffer.alloc(0) };
    else yield { path, size: (await stat(file)).size, content: createReadStream(file) };
  }
}
