import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { InstallOptions, InstallReport } from "../../src/install-bundle.ts";
import { createEngineImageSource } from "../../src/source/engine-images.ts";
import type { StagedImage } from "../../src/source/source.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { uniqueName } from "../support/built-image.ts";
import { type EngineHost, type HostProcessResult, spawnOnHost } from "../support/hosts.ts";
import { buildStandInImage } from "../support/ollama-stand-in/image/build-stand-in-image.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type TinyBundleOptions, writeTinyBundle } from "./tiny-bundle.ts";

export interface InstallOutcome {
  readonly report?: InstallReport;
  readonly error?: {
    readonly name: string;
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly exitCode: number;
  };
}

interface EngineNames extends AsyncDisposable {
  readonly container: string;
  readonly volume: string;
  readonly publish: string;
}

/** An engine, a staged image that serves like Ollama, and names that nobody else has. */
export class EngineFixture implements AsyncDisposable {
  readonly engine: Engine;
  readonly directory: string;
  readonly #host: EngineHost;
  readonly #image: StagedImage;
  readonly #temporary: AsyncDisposable;

  private constructor(
    host: EngineHost,
    engine: Engine,
    staged: {
      readonly image: StagedImage;
      readonly directory: AsyncDisposable & { readonly path: string };
    },
  ) {
    this.#host = host;
    this.engine = engine;
    this.#image = staged.image;
    this.#temporary = staged.directory;
    this.directory = staged.directory.path;
  }

  /**
   * Builds the image on the engine, saves it, and removes it there: the engine knows nothing of what is to be installed, but
   * where it is to keep the image under another name.
   */
  static async start(
    host: EngineHost,
    { keptAs }: { readonly keptAs?: string } = {},
  ): Promise<EngineFixture> {
    const engine = await connectEngine({ dockerHost: host.dockerHost, env: {} });
    const directory = await temporaryDirectory();
    const reference = `docker.io/library/ollama-stand-in-test:${uniqueName()}`;
    await buildStandInImage(engine, { reference });
    await using pool = new ChunkPool();
    const volume = await StagingVolume.open(join(directory.path, "volume"), pool);
    const source = createEngineImageSource({ engine, volume, env: {} });
    const { platform } = await engine.info();
    const image = await source.stage({ reference, platform }, {});
    if (keptAs !== undefined) await engine.tag(reference, keptAs);
    await engine.removeImage(reference);
    return new EngineFixture(host, engine, { image, directory });
  }

  /** A bundle of its own name, with the image and the tiny models. */
  bundle(options: TinyBundleOptions = {}): Promise<WrittenBundle> {
    const image = {
      ...this.#image,
      platform: options.platform ?? this.#image.platform,
      role: "ollama",
    } as const;
    const { platform } = image;
    return writeTinyBundle(this.directory, {
      name: uniqueName(),
      platform,
      images: [image],
      ...options,
    });
  }

  /** Names for one installation; everything that has them is removed when the test ends. */
  names(): EngineNames {
    const [container, volume, port] = [uniqueName(), uniqueName(), randomInt(20_000, 30_000)];
    const remove = async () => {
      await this.engine.removeContainer(container);
      await this.engine.removeVolume(volume);
    };
    return { container, volume, publish: `127.0.0.1:${port}`, [Symbol.asyncDispose]: remove };
  }

  /** Removes what a bundle's installations left: images. */
  async forget({ manifest, id }: WrittenBundle): Promise<void> {
    await this.engine.removeImage(`ollama-preloaded:${manifest.name}`);
    const { stdout } = await this.docker(
      "images",
      "--format",
      "{{.Repository}}:{{.Tag}}",
      `ollama-bundle.local/${manifest.name}`,
    );
    for (const name of stdout.split("\n").filter((each) => each.includes(id.slice(0, 12))))
      await this.engine.removeImage(name);
  }

  /** The name of a volume counts in `volume` mode alone. */
  async install(
    { volume, ...wishes }: InstallOptions,
    dockerHost = this.#host.dockerHost,
  ): Promise<InstallOutcome> {
    const options = wishes.modelsIn === "volume" ? { volume, ...wishes } : wishes;
    const program = join(import.meta.dirname, "install-program.ts");
    const env = {
      DOCKER_HOST: dockerHost,
      XDG_STATE_HOME: join(this.directory, "state"),
      // Nothing of an installation may go through a proxy.
      HTTP_PROXY: "http://127.0.0.1:9",
      HTTPS_PROXY: "http://127.0.0.1:9",
    };
    const { stdout, stderr } = await spawnOnHost(
      this.#host,
      [process.execPath, program, JSON.stringify(options)],
      { env },
    );
    if (stdout === "") throw new Error(`install ended without an answer: ${stderr}`);
    return JSON.parse(stdout) as InstallOutcome;
  }

  docker(...args: readonly string[]): Promise<HostProcessResult> {
    return spawnOnHost(this.#host, ["docker", "--host", this.#host.dockerHost, ...args]);
  }

  /** What a server at this address lists: names and manifest digests. */
  async tags(publish: string): Promise<Record<string, string>> {
    const script = `const { models } = await (await fetch("http://${publish}/api/tags")).json();
      console.log(JSON.stringify(models.map(({ name, digest }) => [name, digest])));`;
    const { stdout } = await spawnOnHost(this.#host, [
      process.execPath,
      "--input-type=module",
      "-e",
      script,
    ]);
    return Object.fromEntries(JSON.parse(stdout) as [string, string][]);
  }

  /** What `ollama cp` asks of a server: another name for a model. */
  async copyModel(publish: string, source: string, destination: string): Promise<void> {
    const body = JSON.stringify({ source, destination });
    const script = `const { status } = await fetch("http://${publish}/api/copy", { method: "POST", body: ${JSON.stringify(body)} });
      if (status !== 200) throw new Error(String(status));`;
    const { exitCode, stderr } = await spawnOnHost(this.#host, [
      process.execPath,
      "--input-type=module",
      "-e",
      script,
    ]);
    if (exitCode !== 0) throw new Error(stderr);
  }

  /** Everything on the engine that an installation could leave behind, as text. */
  async state(): Promise<string> {
    const images = await this.docker(
      "images",
      "--all",
      "--no-trunc",
      "--format",
      "{{.Repository}}:{{.Tag}} {{.ID}}",
    );
    const containers = await this.docker(
      "ps",
      "--all",
      "--format",
      "{{.Names}} {{.Image}} {{.State}}",
    );
    const volumes = await this.docker("volume", "ls", "--format", "{{.Name}}");
    return [images, containers, volumes]
      .map(({ stdout }) => stdout.split("\n").sort().join("\n"))
      .join("\n");
  }

  /** The same without images that have no name: Docker 28 lets go of steps that two builds went through. */
  async named(): Promise<string> {
    return (await this.state()).replaceAll(/^<none>.*\n/gm, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#temporary[Symbol.asyncDispose]();
  }
}
