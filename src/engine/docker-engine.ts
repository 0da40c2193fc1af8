import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import type { Readable } from "node:stream";
import { parseImageReference } from "../core/image-reference.ts";
import type { WorkOptions } from "../core/progress.ts";
import { ifThere } from "./ask-engine.ts";
import type { DockerClient } from "./docker-client.ts";
import { DockerContainers } from "./docker-containers.ts";
import { type VersionAnswer, parseImage, parseImageNames, parseInfo } from "./engine-answers.ts";
import { readMessages } from "./engine-messages.ts";
import { abortable } from "./engine-requests.ts";
import type { BuildSpec, Engine, EngineImage, EngineInfo, PullRequest } from "./engine.ts";
import { registryAuth } from "./registry-auth.ts";
import { readBuilt, readLoaded, readPulled } from "./read-outcome.ts";

export interface DockerEngineOptions extends DockerClient {
  readonly address: string;
  readonly version: VersionAnswer;
}

/** Docker's API, or Podman's compatible one, through dockerode: the engine itself and its images. */
export class DockerEngine extends DockerContainers implements Engine {
  readonly publishedHost: string;
  readonly #isSocket: boolean;
  readonly #version: VersionAnswer;

  constructor({ address, publishedHost, docker, isSocket, version }: DockerEngineOptions) {
    super({ address, docker });
    this.publishedHost = publishedHost;
    this.#isSocket = isSocket;
    this.#version = version;
  }

  async info({ signal }: WorkOptions = {}): Promise<EngineInfo> {
    const { hostName, ...info } = await this.requests.ask(
      "ask the engine about itself",
      async () => parseInfo(await this.docker.info(abortable(signal))),
      signal,
    );
    const isHere = this.#isSocket && hostName === hostname();
    return { ...this.#version, ...info, isLocal: isHere && (await isThere(info.dataRoot)) };
  }

  async image(name: string): Promise<EngineImage | undefined> {
    return ifThere(
      this.requests.ask(`look at the image "${name}"`, async () =>
        parseImage(await this.#inspect(name)),
      ),
    );
  }

  async images(): Promise<readonly EngineImage[]> {
    const names = await this.requests.ask("list images", async () =>
      parseImageNames(await this.docker.listImages()),
    );
    // One that is nobody's here to mend is no reason to give up what has nothing to do with it.
    const images = await Promise.allSettled(names.map((name) => this.image(name)));
    return images.flatMap((image) => (image.status === "fulfilled" ? (image.value ?? []) : []));
  }

  async pull(reference: string, { signal, onProgress, login }: PullRequest): Promise<void> {
    const what = `pull "${reference}"`;
    const { registry, repository, tag, digest } = parseImageReference(reference);
    const from = { fromImage: `${registry}/${repository}`, tag: digest ?? tag };
    const shown = login && registryAuth(login, registry);
    await this.requests.exchange({ what, signal }, async (ends) => {
      const answer = await this.docker.createImage(shown, { ...from, abortSignal: ends });
      const isPodman = this.#version.product === "Podman";
      await readPulled(messagesOf(answer, what), { what, item: reference, isPodman, onProgress });
    });
  }

  save(reference: string, { signal }: WorkOptions): Promise<Readable> {
    const question = { what: `save "${reference}"`, signal };
    return this.requests.download(question, () => this.docker.getImage(reference).get());
  }

  load(tar: AsyncIterable<Uint8Array>, { signal }: WorkOptions): Promise<readonly string[]> {
    const what = "load images into the engine";
    return this.requests.upload({ what, tar, signal }, async (body, ends) => {
      const answer = await this.docker.loadImage(body, { abortSignal: ends });
      return readLoaded(messagesOf(answer, what), { what });
    });
  }

  build(spec: BuildSpec, { signal, onProgress }: WorkOptions): Promise<string> {
    const what = `build "${spec.tag}"`;
    return this.requests.exchange({ what, signal }, async (ends) => {
      const answer = await this.docker.buildImage(
        spec.context as unknown as NodeJS.ReadableStream,
        {
          version: "1",
          dockerfile: spec.dockerfile,
          target: spec.target,
          t: spec.tag,
          buildargs: { ...spec.args },
          labels: { ...spec.labels },
          networkmode: "none",
          rm: true,
          forcerm: true,
          abortSignal: ends,
        },
      );
      return readBuilt(messagesOf(answer, what), { what, onProgress });
    });
  }

  async tag(image: string, name: string): Promise<void> {
    const { registry, repository, tag = "latest" } = parseImageReference(name);
    const repo = `${registry}/${repository}`;
    await this.requests.ask(`tag "${image}" as "${name}"`, () =>
      this.docker.getImage(image).tag({ repo, tag }),
    );
  }

  async removeImage(name: string): Promise<void> {
    await ifThere(
      this.requests.ask(`remove the image "${name}"`, () => this.docker.getImage(name).remove()),
    );
  }

  /** dockerode's own `inspect` has no way to ask for the manifests. */
  #inspect(name: string): Promise<unknown> {
    if (!this.#version.tellsWhatIsMissing) return this.docker.getImage(name).inspect();
    const path = `/images/${name}/json?`;
    const statusCodes = { 200: true, 404: "no such image", 500: "server error" };
    const request = { path, method: "GET", options: { manifests: true }, statusCodes };
    return new Promise((resolve, reject) => {
      this.docker.modem.dial(request, (error: unknown, answer: unknown) => {
        if (error === null || error === undefined) resolve(answer);
        else reject(error);
      });
    });
  }
}

function messagesOf(answer: NodeJS.ReadableStream, what: string) {
  return readMessages(answer as unknown as AsyncIterable<Uint8Array>, what);
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
