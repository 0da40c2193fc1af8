/**
 * The main job from end to end, on content of its own: create, verify, install, health. `npm start` runs it. Nothing is fetched
 * from anywhere: tiny models come from a registry that this program serves.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError } from "../src/core/errors.ts";
import { connectEngine } from "../src/engine/connect-engine.ts";
import type { Engine } from "../src/engine/engine.ts";
import { startModelRegistry } from "../test/support/model-registry.ts";
import { buildStandInImage } from "../test/support/ollama-stand-in/image/build-stand-in-image.ts";
import { startOllamaStandIn } from "../test/support/ollama-stand-in/start-ollama-stand-in.ts";
import { writeTinyModels } from "../test/support/tiny-models.ts";

const MODELS = "tiny,tiny-embed";
const MAIN = join(import.meta.dirname, "../src/main.ts");

const directory = await mkdtemp(join(tmpdir(), "ollama-bundle-demo-"));
const STATE = join(directory, "state");
const store = join(directory, "published-models");
await mkdir(store);
await writeTinyModels(store);
await using registry = await startModelRegistry({ store });
const engine = await engineOrUndefined();
await (engine === undefined ? withoutEngine(registry.url) : withEngine(engine, registry.url));
say(`The bundle is in ${directory}`);

/** Models alone, into a store that a stand-in for Ollama serves. */
async function withoutEngine(modelRegistry: string): Promise<void> {
  say(
    "No container engine answers here, so this shows models alone, into the store of an Ollama on this host.",
  );
  say(
    "With Docker running, the same commands would carry Ollama's image too and start it as a container.",
  );
  const served = join(directory, "served-models");
  await mkdir(served);
  await using server = await startOllamaStandIn({ models: served, noCloud: true });
  say(`A stand-in for Ollama serves ${served} at ${server.url}.`);
  await bundle(
    "create",
    "--models",
    MODELS,
    "--image",
    "none",
    "--model-registry",
    modelRegistry,
    ...places(),
  );
  await bundle("verify");
  await bundle(
    "install",
    "bundle.tar.gz",
    "--models-in",
    "native",
    "--store",
    served,
    "--ollama-url",
    server.url,
  );
  await bundle("health", "--url", server.url);
}

/** Image and models, as a container. Everything that this makes on the engine has a name of its own and is removed again. */
async function withEngine(on: Engine, modelRegistry: string): Promise<void> {
  const name = `ollama-bundle-demo-${randomBytes(4).toString("hex")}`;
  const image = `${name}/ollama:0.24.0`;
  const tag = `${name}:installed`;
  const port = await freePort();
  say(
    `A container engine answers at ${on.address}; a stand-in for Ollama's image is built on it as ${image}.`,
  );
  await buildStandInImage(on, { reference: `docker.io/${image}` });
  try {
    await bundle(
      "create",
      "--models",
      MODELS,
      "--image",
      image,
      "--model-registry",
      modelRegistry,
      "--name",
      name,
      ...places(),
    );
    await bundle("verify");
    await bundle(
      "install",
      "bundle.tar.gz",
      "--container",
      name,
      "--publish",
      String(port),
      "--tag",
      tag,
    );
    await bundle("health", "--url", `http://${on.publishedHost}:${port}`);
  } finally {
    await removeAll(on, { name, names: [`docker.io/${image}`, `docker.io/library/${tag}`] });
    say("The container and the images of this demonstration were removed from the engine.");
  }
}

async function removeAll(
  on: Engine,
  { name, names }: { readonly name: string; readonly names: readonly string[] },
): Promise<void> {
  await on.removeContainer(name);
  for (const image of [...names, ...(await loadedImages())]) await on.removeImage(image);
}

/** What the receipts say: the image under which the bundle was loaded has a name that only the installation knows. */
async function loadedImages(): Promise<string[]> {
  const files = await readdir(STATE, { recursive: true }).catch(() => []);
  const receipts = files.filter((file) => file.endsWith("receipt.json"));
  return Promise.all(
    receipts.map(async (file) => {
      const receipt: { images: { loaded: string } } = JSON.parse(
        await readFile(join(STATE, file), "utf8"),
      );
      return receipt.images.loaded;
    }),
  );
}

async function engineOrUndefined(): Promise<Engine | undefined> {
  try {
    return await connectEngine();
  } catch (error) {
    if (error instanceof EngineError && error.code === "NO_ENGINE") return undefined;
    throw error;
  }
}

function places(): string[] {
  return ["--staging", join(directory, "staging"), "--output", "bundle.tar.gz"];
}

/** Prints a command as a user would type it and runs it in the demonstration's directory. */
async function bundle(...args: readonly string[]): Promise<void> {
  say(`$ bundle ${args.join(" ")}`);
  const env = { ...process.env, XDG_STATE_HOME: STATE };
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: directory, env, stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`"bundle ${args[0]}" ended with exit code ${code}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port could be had");
  return address.port;
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}
