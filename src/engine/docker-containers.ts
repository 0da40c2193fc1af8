import type { Readable } from "node:stream";
import { EngineError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { ifThere, statusOf } from "./ask-engine.ts";
import { containerRequest } from "./container-request.ts";
import type { DockerClient } from "./docker-client.ts";
import {
  parseContainer,
  parseContainers,
  parseExitCode,
  parseId,
  parseNetwork,
  parseVolume,
} from "./engine-answers.ts";
import { EngineRequests, abortable } from "./engine-requests.ts";
import type {
  ContainerPath,
  ContainerSpec,
  EngineContainer,
  EngineContainers,
  EngineNetwork,
  EngineVolume,
} from "./engine.ts";
import { logText } from "./log-text.ts";

/** Containers, networks and volumes, and the files in them. */
export abstract class DockerContainers implements EngineContainers {
  readonly address: string;
  protected readonly docker: DockerClient["docker"];
  protected readonly requests: EngineRequests;

  constructor({ address, docker }: Pick<DockerClient, "docker"> & { readonly address: string }) {
    this.address = address;
    this.docker = docker;
    this.requests = new EngineRequests(address);
  }

  async container(name: string): Promise<EngineContainer | undefined> {
    return ifThere(
      this.requests.ask(`look at the container "${name}"`, async () =>
        parseContainer(await this.#container(name).inspect()),
      ),
    );
  }

  async containers(): Promise<readonly EngineContainer[]> {
    return this.requests.ask("list containers", async () =>
      parseContainers(await this.docker.listContainers({ all: true })),
    );
  }

  async createContainer(spec: ContainerSpec): Promise<string> {
    const what = `create the container "${spec.name}"`;
    return this.requests.ask(what, async () => {
      try {
        return parseId(await this.docker.createContainer(containerRequest(spec)));
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
    await this.requests.ask(`start the container "${name}"`, () =>
      unlessDone(this.#container(name).start()),
    );
  }

  async stopContainer(name: string): Promise<void> {
    await this.requests.ask(`stop the container "${name}"`, () =>
      unlessDone(this.#container(name).stop()),
    );
  }

  async renameContainer(name: string, newName: string): Promise<void> {
    await this.requests.ask(`rename the container "${name}" to "${newName}"`, () =>
      this.#container(name).rename({ name: newName }),
    );
  }

  async removeContainer(name: string): Promise<void> {
    await ifThere(
      this.requests.ask(`remove the container "${name}"`, () =>
        this.#container(name).remove({ force: true, v: true }),
      ),
    );
  }

  async logs(name: string, lines: number): Promise<string> {
    const options = { stdout: true, stderr: true, tail: lines, follow: false } as const;
    const log = await this.requests.ask(`read the log of the container "${name}"`, () =>
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
      const exitCode = await this.requests.ask(
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
    await this.requests.upload({ what, tar, signal }, (body, ends) =>
      this.#container(container).putArchive(body, { path, abortSignal: ends }),
    );
  }

  async getArchive(
    { container, path }: ContainerPath,
    { signal }: WorkOptions = {},
  ): Promise<Readable | undefined> {
    const question = { what: `read "${path}" of the container "${container}"`, signal };
    return ifThere(
      this.requests.download(question, () => this.#container(container).getArchive({ path })),
    );
  }

  async network(name: string): Promise<EngineNetwork | undefined> {
    return ifThere(
      this.requests.ask(`look at the network "${name}"`, async () =>
        parseNetwork(await this.#network(name).inspect()),
      ),
    );
  }

  async joinNetwork(
    name: string,
    { container, alias }: { readonly container: string; readonly alias: string },
  ): Promise<void> {
    const request = { Container: container, EndpointConfig: { Aliases: [alias] } };
    await this.requests.ask(`join the network "${name}"`, () =>
      this.#network(name).connect(request),
    );
  }

  async volume(name: string): Promise<EngineVolume | undefined> {
    return ifThere(
      this.requests.ask(`look at the volume "${name}"`, async () =>
        parseVolume(await this.#volume(name).inspect()),
      ),
    );
  }

  async createVolume(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    await this.requests.ask(`create the volume "${name}"`, () =>
      this.docker.createVolume({ Name: name, Labels: { ...labels } }),
    );
  }

  async removeVolume(name: string): Promise<void> {
    await ifThere(
      this.requests.ask(`remove the volume "${name}"`, () => this.#volume(name).remove()),
    );
  }

  #container(name: string) {
    return this.docker.getContainer(encodeURIComponent(name));
  }

  #network(name: string) {
    return this.docker.getNetwork(encodeURIComponent(name));
  }

  #volume(name: string) {
    return this.docker.getVolume(encodeURIComponent(name));
  }
}

/** 304: it runs already, or does not run any more. */
async function unlessDone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (statusOf(error) !== 304) throw error;
  }
}
