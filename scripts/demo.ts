import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fullImageReference, parseImageReference } from "../src/core/image-reference.ts";
import { connectEngine } from "../src/engine/connect-engine.ts";
import type { Engine } from "../src/engine/engine.ts";
import { startModelRegistry } from "../test/support/model-registry.ts";
import { buildStandInImage } from "../test/support/ollama-stand-in/image/build-stand-in-image.ts";
import { startOllamaStandIn } from "../test/support/ollama-stand-in/start-ollama-stand-in.ts";
import { writeTinyModels } from "../test/support/tiny-models.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const NAME = "ollama-bundle-demo";
const REAL_IMAGE = process.env["BUNDLE_TEST_OLLAMA_IMAGE"] ?? "ollama/ollama:0.24.0";
/** Nobody serves this registry: the engine's attempt to pull ends at once, and what it has is packed. */
const STAND_IN_IMAGE = "localhost:1/ollama-stand-in:0.24.0";

interface Demo {
  readonly directory: string;
  readonly registryUrl: string;
  /** Undone at the end, whatever happens. */
  readonly cleanup: AsyncDisposableStack;
}

/** The main job, end to end, on content that this program brings along. */
await main();

async function main(): Promise<void> {
  // An interrupted command ends by itself; this program then still has to clean up.
  process.on("SIGINT", () => {});
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), `${NAME}-`));
  const store = join(directory, "models-of-the-registry");
  await writeTinyModels(store);
  const registry = cleanup.use(await startModelRegistry({ store }));
  const demo: Demo = { directory, registryUrl: registry.url, cleanup };
  say(
    `A small model registry runs at ${registry.url}; it has three tiny models of random weights.`,
  );
  say(`Everything happens in ${directory}.`);

  const { engine, why } = await findEngine();
  const image = engine && (await chooseImage(engine, demo));
  if (engine !== undefined && image !== undefined) await showContainer(demo, engine, image);
  else
    await showNative(
      demo,
      why ?? "its engine has no Ollama image, and the stand-in for one is made on Linux only",
    );

  say(
    `That was all. The bundle is in ${directory}; delete that directory when you have seen enough.`,
  );
}

async function showContainer(demo: Demo, engine: Engine, image: string): Promise<void> {
  const port = String(await freePort());
  await packAndCheck(demo, image);
  say("Install it as a container, and prove that every model answers.");
  try {
    await bundle(
      demo,
      "install",
      "bundle.tar.gz",
      "--container",
      NAME,
      "--tag",
      `${NAME}:latest`,
      "-p",
      port,
    );
    await bundle(demo, "health", "--url", `http://${engine.publishedHost}:${port}`);
  } finally {
    await removeInstallation(demo, engine);
  }
  say(`The container "${NAME}" and its images are removed from the engine again.`);
}

async function showNative(demo: Demo, why: string): Promise<void> {
  say(
    `Models alone, since ${why}. With an engine the bundle would have the Ollama image too, and install would start it as a container.`,
  );
  const store = join(demo.directory, "store");
  await mkdir(store);
  const server = demo.cleanup.use(await startOllamaStandIn({ models: store, noCloud: true }));
  await packAndCheck(demo, "none");
  say(
    `Install it into the store of an Ollama (here a stand-in at ${server.url}), and prove that every model answers.`,
  );
  await bundle(
    demo,
    "install",
    "bundle.tar.gz",
    "--models-in",
    "native",
    "--store",
    "store",
    "--ollama-url",
    server.url,
  );
  await bundle(demo, "health", "--url", server.url);
}

async function packAndCheck(demo: Demo, image: string): Promise<void> {
  const and = image === "none" ? "" : " and the Ollama image";
  say(`On the connected machine: pack three models${and}.`);
  const models = ["--models", "tiny,tiny:second,tiny-embed", "--model-registry", demo.registryUrl];
  await bundle(demo, "create", ...models, "--image", image);
  say("On the offline machine: check every byte of what was carried over, and see what it is.");
  await bundle(demo, "verify");
  await bundle(demo, "inspect", "bundle.tar.gz");
}

async function findEngine(): Promise<{ readonly engine?: Engine; readonly why?: string }> {
  try {
    return { engine: await connectEngine() };
  } catch {
    return { why: "no container engine is reachable here" };
  }
}

/** The real Ollama image where the engine has it, else a stand-in for it, built on the engine. */
async function chooseImage(engine: Engine, { cleanup }: Demo): Promise<string | undefined> {
  const real = fullImageReference(parseImageReference(REAL_IMAGE));
  if ((await engine.image(real)) !== undefined) return REAL_IMAGE;
  if (process.platform !== "linux") return undefined;
  say(
    `The engine at ${engine.address} does not have ${REAL_IMAGE}: building a stand-in for it, which answers as Ollama does.`,
  );
  if ((await engine.image(STAND_IN_IMAGE)) === undefined)
    cleanup.defer(() => engine.removeImage(STAND_IN_IMAGE));
  await buildStandInImage(engine, { reference: STAND_IN_IMAGE });
  return STAND_IN_IMAGE;
}

async function removeInstallation({ directory }: Demo, engine: Engine): Promise<void> {
  const installations = join(directory, "state/ollama-bundle/installations");
  for (const installation of await readdir(installations).catch(() => [])) {
    const receipt = await readFile(join(installations, installation, "receipt.json"), "utf8").catch(
      () => undefined,
    );
    if (receipt === undefined) continue;
    const { container, images } = JSON.parse(receipt);
    await engine.removeContainer(container.name);
    await engine.removeImage(images.built);
    await engine.removeImage(images.loaded);
  }
}

/** Prints a command as a user would type it, and runs it. */
async function bundle({ directory }: Demo, ...args: readonly string[]): Promise<void> {
  process.stdout.write(`\n$ bundle ${args.join(" ")}\n`);
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: directory,
    stdio: "inherit",
    env: {
      ...process.env,
      XDG_CACHE_HOME: join(directory, "cache"),
      XDG_STATE_HOME: join(directory, "state"),
    },
  });
  const [exitCode] = await once(child, "close");
  if (exitCode !== 0) throw new Error(`bundle ${args[0]} ended with exit code ${exitCode}`);
}

function say(text: string): void {
  process.stdout.write(`\n# ${text}\n`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
