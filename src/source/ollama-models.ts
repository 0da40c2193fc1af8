import { type ModelName, fullModelName } from "../core/model-name.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { InsecureHosts } from "../registry/insecure-hosts.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingOptions, StagingVolume } from "../staging/staging-volume.ts";
import { openContainerStore } from "./engine-store.ts";
import { fetchAgainWhereWrong } from "./fetch-again.ts";
import { type ModelStore, blobPath } from "./model-store.ts";
import { pullWithOllama } from "./ollama-pull.ts";
import { PULLED_STORE, type PullingOllama, startPullingOllama } from "./pulling-ollama.ts";
import type { NamedBlob } from "./registry-models.ts";
import type { ModelSource, ResolvedModel, StagedModel } from "./source.ts";
import { createStoreModelSource } from "./store-models.ts";

export interface OllamaModelContext {
  /** One whose published ports are reached from here. */
  readonly engine: Engine;
  /** The Docker volume that Ollama pulls into. */
  readonly pullVolume: string;
  /** Where the blobs are brought from there. */
  readonly volume: StagingVolume;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Hosts of model names that are asked over plain HTTP. */
  readonly insecureHosts?: readonly string[] | undefined;
}

interface Pulled {
  readonly ollama: PullingOllama;
  readonly store: ModelStore;
}

/**
 * Models by Ollama itself, which pulls them into a Docker volume. Only then it is known what they are, so {@link pull} comes
 * first. Ollama looks at no blob that is there already, and not at all of those that it fetched: every one is hashed on its way
 * here, and a bad one is removed from the volume and pulled again.
 */
export class OllamaModelSource implements ModelSource, AsyncDisposable {
  readonly #context: OllamaModelContext;
  readonly #insecureHosts: InsecureHosts;
  readonly #stack = new AsyncDisposableStack();
  #models: ModelSource | undefined;
  #lastRepair: Promise<unknown> = Promise.resolve();

  constructor(context: OllamaModelContext) {
    this.#context = context;
    this.#insecureHosts = new InsecureHosts(context.insecureHosts ?? []);
  }

  /** For people: where a model comes from. */
  get from(): string {
    return `Ollama, which pulls it into the volume "${this.#context.pullVolume}"`;
  }

  /** Pulls models with the Ollama of an image that the engine has, and leaves that running until this source is disposed of. */
  async pull(names: readonly ModelName[], image: string, options: WorkOptions): Promise<void> {
    const { engine, pullVolume, volume, env } = this.#context;
    const place = { engine, image, volume: pullVolume, env };
    const ollama = this.#stack.use(await startPullingOllama(place, options));
    for (const name of names) {
      options.onProgress?.({ kind: "step", text: `Ollama pulls ${fullModelName(name)}` });
      await this.#pullOne(ollama, name, options);
    }
    const label = `the volume "${pullVolume}"`;
    const { container } = ollama;
    const at = { engine, container, label, directories: [PULLED_STORE] };
    const store = await openContainerStore(at, { volume, ...options });
    this.#models = createStoreModelSource({
      store,
      elsewhere: {
        fetchBlob: (named, work) =>
          this.#inTurn(() => this.#repair({ ollama, store }, named, work)),
        whenFetched: "Ollama pulled it again",
        whenNot: "Ollama could not pull it again",
        hint: "Or take the models without --pull-with.",
      },
    });
  }

  resolve(name: ModelName, options: WorkOptions): Promise<ResolvedModel> {
    return this.#pulled().resolve(name, options);
  }

  stage(resolved: ResolvedModel, options: WorkOptions): Promise<StagedModel> {
    return this.#pulled().stage(resolved, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  #pulled(): ModelSource {
    if (this.#models === undefined) throw new Error("models are asked for before they are pulled");
    return this.#models;
  }

  #pullOne(
    { client }: Pick<PullingOllama, "client">,
    name: ModelName,
    options: WorkOptions,
  ): Promise<void> {
    return pullWithOllama(
      { client, isInsecure: this.#insecureHosts.has(name.host) },
      name,
      options,
    );
  }

  /** Ollama believes in a blob whose file is there, so the file goes first. */
  async #repair(
    { ollama, store }: Pulled,
    { name, blob }: NamedBlob,
    options: StagingOptions,
  ): Promise<StagedFile> {
    const { sha256, size } = blob;
    const wanted = { sha256, size, label: `blob of "${fullModelName(name)}"`, asModelBlob: true };
    return fetchAgainWhereWrong(options, async (work) => {
      await ollama.remove([blobPath(blob)], work);
      await this.#pullOne(ollama, name, work);
      return await store.stageBlob(wanted, work);
    });
  }

  /** Two blobs of one model are not to be removed and pulled at the same time. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastRepair.then(work);
    this.#lastRepair = turn.catch(() => undefined);
    return await turn;
  }
}
