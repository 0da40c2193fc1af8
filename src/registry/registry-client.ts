import { SourceError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { type RetryPolicy, retry } from "../core/retry.ts";
import { BlobReader } from "./blob-reader.ts";
import { type AccessOptions, RegistryAccess } from "./registry-access.ts";
import type { Repository } from "./repository.ts";
import { Slots } from "./slots.ts";
import { type Purpose, badAnswer, statusError } from "./status-error.ts";
import { tellRetries } from "./tell-retries.ts";

const PATIENT: RetryPolicy = { retries: 6, firstDelayMs: 500, maxDelayMs: 15_000 };
/** For the first word to a registry: someone waits for the answer, and nothing is lost yet. */
const BRIEF_RETRIES = 2;

/** So many requests for blobs at once. */
const CONNECTIONS = 8;

export interface RegistryOptions extends AccessOptions {
  readonly connections?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
}

export interface ManifestRequest extends Purpose {
  /** A tag or a digest. */
  readonly reference: string;
  readonly accept: string;
  /** Bytes. */
  readonly maxSize: number;
}

export interface BlobRequest extends Purpose {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * A client of registries that speak the distribution protocol, as Ollama uses it.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class RegistryClient {
  readonly #access: RegistryAccess;
  readonly #slots: Slots;
  readonly #retry: RetryPolicy;

  constructor(options: RegistryOptions = {}) {
    this.#access = new RegistryAccess(options);
    this.#slots = new Slots(options.connections ?? CONNECTIONS);
    this.#retry = options.retry ?? PATIENT;
  }

  /** The registry that a host in a name means. */
  baseOf(host: string): URL {
    return new URL(`${this.#access.isInsecure(host) ? "http" : "https"}://${host}/`);
  }

  /** A manifest's bytes as they come. Throws {@link SourceError}. */
  async manifest(
    repository: Repository,
    request: ManifestRequest,
    { signal, onProgress }: WorkOptions,
  ): Promise<Buffer> {
    const policy = { ...this.#retry, retries: Math.min(this.#retry.retries, BRIEF_RETRIES) };
    const onRetry = tellRetries(onProgress);
    return retry(() => this.#manifest(repository, request, signal), policy, { signal, onRetry });
  }

  async #manifest(
    repository: Repository,
    { reference, accept, maxSize, ...purpose }: ManifestRequest,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    const url = new URL(`v2/${repository.path}/manifests/${reference}`, repository.base);
    const headers = { Accept: accept };
    const answer = await this.#access.get(url, { repository, headers }, signal);
    if (answer.status !== 200) throw await statusError(answer, purpose);
    using body = answer.body;
    const bytes = await body.bytes(maxSize + 1);
    if (bytes.length > maxSize) {
      const found = `it is larger than ${maxSize} bytes`;
      throw new SourceError("BAD_ANSWER", `Cannot fetch ${purpose.what}: ${found}`);
    }
    const stated = Number(answer.headers["content-length"] ?? bytes.length);
    if (bytes.length === stated) return bytes;
    throw badAnswer(url, purpose, `${bytes.length} of ${stated} bytes came`);
  }

  /** A reader for one blob. */
  blob(repository: Repository, { sha256, size, ...purpose }: BlobRequest): BlobReader {
    return new BlobReader({
      url: new URL(`v2/${repository.path}/blobs/sha256:${sha256}`, repository.base),
      size,
      purpose,
      slots: this.#slots,
      policy: this.#retry,
      get: (url, headers, signal) => this.#access.get(url, { repository, headers }, signal),
    });
  }
}
