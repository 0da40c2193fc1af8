import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import type { Readable } from "node:stream";
import { EngineError } from "../core/errors.ts";
import { parseImageReference } from "../core/image-reference.ts";
import type { WorkOptions } from "../core/progress.ts";
import { ifThere, statusOf } from "./ask-engine.ts";
import { containerRequest } from "./container-request.ts";
import type { DockerClient } from "./docker-client.ts";
import {
  type VersionAnswer,
  parseContainer,
  parseContainers,
  parseExitCode,
  parseId,
  parseImage,
  parseInfo,
  parseVolume,
} from "./engine-answers.ts";
import { readMessages } from "./engine-messages.ts";
import { EngineRequests } from "./engine-requests.ts";
import type {
  BuildSpec,
  ContainerPath,
  ContainerSpec,
  Engine,
  EngineContainer,
  EngineImage,
  EngineInfo,
  EngineVolume,
} from "./engine.ts";
import { logText } from "./log-text.ts";
import { readBuilt, readLoaded, readPulled } from "./read-outcome.ts";

export interface DockerEngineOptions extends DockerClient {
  readonly address: string;
  readonly version: VersionAnswer;
}

/** Docker's API, or Podman's compatible one, through dockerode. */
export class DockerEngine implements Engine {
  readonly address: string;
  readonly publishedHost: string;
  readonly #docker: DockerClient["docker"];
  readonly #isSocket: boolean;
  readonly #version: VersionAnswer;
  readonly #requests: EngineRequests;

  constructor({ address, publishedHost, docker, isSocket, version }: DockerEngineOptions) {
    this.address = address;
    this.publishedHost = publishedHost;
    this.#docker = docker;
    this.#isSocket = isSocket;
    this.#version = version;
    this.#requests = new EngineRequests(address);
  }

  async info({ signal }: WorkOptions = {}): Promise<EngineInfo> {
    const { hostName, ...info } = await this.#requests.ask(
      "ask the engine about itself",
      async () => parseInfo(await this.#docker.info(abortable(signal))),
      signal,
    );
    const isHere = this.#isSocket && hostName === hostname();
    return { ...this.#version, ...info, isLocal: isHere && (await isThere(info.dataRoot)) };
  }

  async image(name: string): Promise<EngineImage | undefined> {
    return ifThere(
      this.#requests.ask(`look at the image "${name}"`, async () =>
        parseImage(await this.#docker.getImage(name).inspect()),
      ),
    );
  }

  async pull(reference: string, { signal, onProgress }: WorkOptions): Promise<void> {
    const what = `pull "${reference}"`;
    const { registry, repository, tag, digest } = parseImageReference(reference);
    const from = { fromImage: `${registry}/${repository}`, tag: digest ?? tag };
    await this.#requests.exchange({ what, signal }, async (ends) => {
      const answer = await this.#docker.createImage({ ...from, abortSignal: ends });
      const isPodman = this.#version.product === "Podman";
      await readPulled(messagesOf(answer, what), { what, item: reference, isPodman, onProgress });
    });
  }

  save(reference: string, { signal }: WorkOptions): Promise<Readable> {
    const question = { what: `save "${reference}"`, signal };
    return this.#requests.download(question, () => this.#docker.getImage(reference).get());
  }

  load(tar: AsyncIterable<Uint8Array>, { signal }: WorkOptions): Promise<readonly string[]> {
    const what = "load images into the engine";
    return this.#requests.upload({ what, tar, signal }, async (body, ends) => {
      const answer = await this.#docker.loadImage(body, { abortSignal: ends });
      return readLoaded(messagesOf(answer, what), { what });
    });
  }

  build(spec: BuildSpec, { signal, onProgress }: WorkOptions): Promise<string> {
    const what = `build "${spec.tag}"`;
    return this.#requests.exchange({ what, signal }, async (ends) => {
      const answer = await this.#docker.buildImage(
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
    await this.#requests.ask(`tag "${image}" as "${name}"`, () =>
      this.#docker.getImage(image).tag({ repo, tag }),
    );
  }

  async removeImage(name: string): Promise<void> {
    await ifThere(
      this.#requests.ask(`remove the image "${name}"`, () => this.#docker.getImage(name).remove()),
    );
  }

  async container(name: string): Promise<EngineContainer | undefined> {
    return ifThere(
      this.#requests.ask(`look at the container "${name}"`, async () =>
        parseContainer(await this.#container(name).inspect()),
      ),
    );
  }

  async containers(): Promise<readonly EngineContainer[]> {
    return this.#requests.ask("list containers", async () =>
      parseContainers(await this.#docker.listContainers({ all: true })),
    );
  }

  async createContainer(spec: ContainerSpec): Promise<string> {
    const what = `create the container "${spec.name}"`;
    return this.#requests.ask(what, async () => {
      try {
        return parseId(await this.#docker.createContainer(containerRequest(spec)));
      } catch (error) {
        if (statusOf(error) !== 409) throw error;
        throw new EngineError("NAME_TAKEN", `Cannot ${what}: there is one of that name`, {
          cause: error,
          hint: "Choose another name, or remove that container.",
        });
      }
    });
  }

  async startContainer(name: string): Promise<void> {
    await this.#requests.ask(`start the container "${name}"`, () =>
      unlessDone(this.#container(name).start()),
    );
  }

  async stopContainer(name: string): Promise<void> {
    await this.#requests.ask(`stop the container "${name}"`, () =>
      unlessDone(this.#container(name).stop()),
    );
  }

  async removeContainer(name: string): Promise<void> {
    await ifThere(
      this.#requests.ask(`remove the container "${name}"`, () =>
        this.#container(name).remove({ force: true, v: true }),
      ),
    );
  }

  async logs(name: string, lines: number): Promise<string> {
    const options = { stdout: true, stderr: true, tail: lines, follow: false } as const;
    const log = await this.#requests.ask(`read the log of the container "${name}"`, () =>
      this.#container(name).logs(options),
    );
    return logText(log);
  }

  async runToEnd(
    spec: ContainerSpec,
    { signal }: WorkOptions,
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    signal?.throwIfAborted();
    const { name } = spec;
    await this.createContainer({ ...spec, network: "none", restart: "no" });
    try {
      await this.startContainer(name);
      const exitCode = await this.#requests.ask(
        `wait for the container "${name}"`,
        async () => parseExitCode(await this.#container(name).wait(abortable(signal))),
        signal,
      );
      return { exitCode, output: await this.logs(name, 1000) };
    } finally {
      await this.removeContainer(name);
    }
  }

  async putArchive(
    { container, path }: ContainerPath,
    tar: AsyncIterable<Uint8Array>,
    { signal }: WorkOptions,
  ): Promise<void> {
    const what = `write files to "${path}" of the container "${container}"`;
    await this.#requests.upload({ what, tar, signal }, (body, ends) =>
      this.#container(container).putArchive(body, { path, abortSignal: ends }),
    );
  }

  async getArchive({ container, path }: ContainerPath): Promise<Readable | undefined> {
    const question = { what: `read "${path}" of the container "${container}"` };
    return ifThere(
      this.#requests.download(question, () => this.#container(container).getArchive({ path })),
    );
  }

  async volume(name: string): Promise<EngineVolume | undefined> {
    return ifThere(
      this.#requests.ask(`look at the volume "${name}"`, async () =>
        parseVolume(await this.#volume(name).inspect()),
      ),
    );
  }

  async createVolume(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    await this.#requests.ask(`create the volume "${name}"`, () =>
      this.#docker.createVolume({ Name: name, Labels: { ...labels } }),
    );
  }

  async removeVolume(name: string): Promise<void> {
    await ifThere(
      this.#requests.ask(`remove the volume "${name}"`, () => this.#volume(name).remove()),
    );
  }

  #container(name: string) {
    return this.#docker.getContainer(encodeURIComponent(name));
  }

  #volume(name: string) {
    return this.#docker.getVolume(encodeURIComponent(name));
  }
}

function messagesOf(answer: NodeJS.ReadableStream, what: string) {
  return readMessages(answer as unknown as AsyncIterable<Uint8Array>, what);
}

function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** 304: it runs already, or does not run any more. */
async function unlessDone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (statusOf(error) !== 304) throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
