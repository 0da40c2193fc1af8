import { EngineError, HostError } from "../core/errors.ts";
import { livenessOf, thisProcess } from "../core/process-owner.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { OllamaClient } from "../ollama/ollama-client.ts";
import { OLLAMA_RUNS, untilAnswered } from "../ollama/until-answered.ts";

/** The store in the container, as the command line of Ollama's documentation has it. */
export const PULLED_STORE = "/root/.ollama/models";
const VOLUME_PATH = "/root/.ollama";

/** Marks a volume as one that Ollama may pull into for us. */
const STAGING = "ollama-bundle.staging";
/** Names the process that made a container, so that what a killed one left is known for that. */
const OWNER = "ollama-bundle.pulling-for";

const LOOPBACK = ["127.0.0.1", "localhost", "::1", "[::1]"];
/** Seconds: between two looks at whether the container still runs, and altogether. */
const LOOK_AFTER = 5;
const STARTS_WITHIN = 120;

export interface PullingPlace {
  readonly engine: Engine;
  /** One that the engine has, of an Ollama. */
  readonly image: string;
  readonly volume: string;
  /** Its proxies are the container's too. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

export interface PullingOllama extends AsyncDisposable {
  /** The name of its container. */
  readonly container: string;
  readonly client: OllamaClient;
  /** Removes files of the store, by their paths relative to it. */
  remove(paths: readonly string[], options: WorkOptions): Promise<void>;
}

/**
 * Starts an Ollama on a volume, which is made where it is not there and kept; the container is removed in the end. It answers on
 * this host alone, and deletes nothing of the volume. Throws {@link HostError} `EXISTS` for a volume that is not marked as ours
 * and `LOCKED` where another process pulls into it.
 */
export async function startPullingOllama(
  place: PullingPlace,
  options: WorkOptions,
): Promise<PullingOllama> {
  const { engine, image, volume } = place;
  assertReachable(engine);
  await removeLeftovers(engine);
  await ownVolume(engine, volume);
  const container = `ollama-bundle-pull-${volume}`;
  const labels = { [OWNER]: thisProcess() };
  await using stack = new AsyncDisposableStack();
  options.onProgress?.({ kind: "step", text: `Starting Ollama on the volume "${volume}"` });
  await createContainer(place, { container, labels });
  stack.defer(() => engine.removeContainer(container));
  await engine.startContainer(container);
  const client = stack.use(new OllamaClient(await publishedUrl(engine, container)));
  await untilRuns(place, { container, client }, options);
  const owned = stack.move();
  return {
    container,
    client,
    remove: async (paths, work) => {
      const name = `${container}-rm`;
      const { exitCode, output } = await engine.runToEnd(
        {
          name,
          image,
          labels,
          entrypoint: ["rm", "-rf", "--"],
          command: paths.map((path) => `${PULLED_STORE}/${path}`),
          volumes: { [volume]: VOLUME_PATH },
        },
        work,
      );
      if (exitCode !== 0) throw notRemoved(place, exitCode, output);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** It answers without asking for a password, so it is published nowhere but on the engine's own loopback. */
function assertReachable({ address, publishedHost }: Engine): void {
  if (LOOPBACK.includes(publishedHost)) return;
  throw new EngineError(
    "NO_ENGINE",
    `Cannot have Ollama pull on the engine at ${address}: it is on another host, where an Ollama would have to answer everybody`,
    { hint: "Type this on that host, or take the models without --pull-with." },
  );
}

/** A container whose process is gone would keep its volume from being used, and from being removed. */
async function removeLeftovers(engine: Engine): Promise<void> {
  for (const { name, labels } of await engine.containers()) {
    if (livenessOf(labels[OWNER] ?? "") === "dead") await engine.removeContainer(name);
  }
}

async function ownVolume(engine: Engine, name: string): Promise<void> {
  const volume = await engine.volume(name);
  if (volume === undefined) return engine.createVolume(name, { [STAGING]: "ollama" });
  if (volume.labels[STAGING] !== undefined) return;
  throw new HostError(
    "EXISTS",
    `Cannot have Ollama pull into the volume "${name}": it is there, and ollama-bundle did not make it`,
    {
      hint: `Name one that is not there; or take the models that are in it with --from-store volume:${name}. One that you make with options of your own takes \`--label ${STAGING}=ollama\`.`,
    },
  );
}

async function createContainer(
  { engine, image, volume, env }: PullingPlace,
  { container, labels }: { readonly container: string; readonly labels: Record<string, string> },
): Promise<void> {
  try {
    await engine.createContainer({
      name: container,
      image,
      labels,
      env: [
        "OLLAMA_HOST=0.0.0.0:11434",
        `OLLAMA_MODELS=${PULLED_STORE}`,
        "OLLAMA_NOPRUNE=1",
        "OLLAMA_NO_CLOUD=1",
        ...proxiesIn(env),
      ],
      volumes: { [volume]: VOLUME_PATH },
      publish: { ip: "127.0.0.1", port: 0 },
    });
  } catch (error) {
    if (!(error instanceof EngineError && error.code === "NAME_TAKEN")) throw error;
    throw new HostError(
      "LOCKED",
      `Cannot have Ollama pull into the volume "${volume}": another process does, in the container "${container}"`,
      {
        cause: error,
        hint: `Wait for it. If it is not running any more: docker rm -f ${container}`,
      },
    );
  }
}

function proxiesIn(env: Readonly<NodeJS.ProcessEnv>): string[] {
  const isProxy = /^(?:https?_proxy|no_proxy|all_proxy)$/i;
  return Object.entries(env).flatMap(([name, value]) =>
    isProxy.test(name) && value ? [`${name}=${value}`] : [],
  );
}

async function publishedUrl(engine: Engine, name: string): Promise<URL> {
  const [address] = (await engine.container(name))?.published ?? [];
  if (address === undefined) throw await notServing({ engine, container: name }, "it has ended");
  const port = address.slice(address.lastIndexOf(":") + 1);
  return new URL(`http://${engine.publishedHost}:${port}`);
}

async function untilRuns(
  { engine }: PullingPlace,
  { container, client }: Pick<PullingOllama, "container" | "client">,
  { signal }: WorkOptions,
): Promise<void> {
  const wait = { timeoutSeconds: LOOK_AFTER, isStarting: true, signal };
  for (let waited = 0; ; waited += LOOK_AFTER) {
    const answer = await untilAnswered(client, wait);
    if (answer.kind === "answered" && answer.body.startsWith(OLLAMA_RUNS)) return;
    const at = { engine, container };
    if (answer.kind === "answered") throw await notServing(at, "something else answers");
    if ((await engine.container(container))?.isRunning !== true)
      throw await notServing(at, "it has ended");
    if (waited >= STARTS_WITHIN) throw await notServing(at, answer.why);
  }
}

async function notServing(
  { engine, container }: { readonly engine: Engine; readonly container: string },
  found: string,
): Promise<EngineError> {
  const image = (await engine.container(container))?.image;
  const said = (await engine.logs(container, 5)).trim();
  return new EngineError(
    "ENGINE_FAILED",
    `Cannot start Ollama in a container of "${image}": ${found}${said === "" ? "" : `; it said: ${said}`}`,
    { hint: "Name an image of Ollama with --image." },
  );
}

function notRemoved({ volume }: PullingPlace, exitCode: number, output: string): EngineError {
  return new EngineError(
    "ENGINE_FAILED",
    `Cannot remove damaged files from the volume "${volume}": rm ended with ${exitCode}: ${output.trim()}`,
    { hint: `Remove the volume, and pull again: docker volume rm ${volume}` },
  );
}
