import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { CHUNK_SIZE } from "./chunk.ts";
import { storedMemberSize } from "./gzip-member.ts";
import type { Tasks } from "./tasks.ts";
import type { Answer, Call } from "./worker.ts";

/** Bytes of a leased buffer: one chunk as a stored gzip member. */
export const BUFFER_SIZE = storedMemberSize(CHUNK_SIZE);

const MAX_WORKERS = 4;

/** Four chunks in work, one that is being written, and one that arrives: who kept more leases at once would wait for ever. */
export const BUFFER_COUNT = 6;

/** A buffer that workers and the main thread share; whoever leased it gives it back exactly once. */
export interface Lease extends Disposable {
  readonly bytes: Buffer<SharedArrayBuffer>;
}

/** sha256 over pieces that come one after another, computed in one worker. Updates are done in the order of the calls. */
export interface SequentialHash {
  update(lease: Lease, offset: number, length: number): Promise<void>;
  /** Parts of one leased buffer, in this order: as one message to the worker. */
  updateRuns(runs: readonly Lease["bytes"][]): Promise<void>;
  updateBytes(bytes: Uint8Array): Promise<void>;
  digest(): Promise<string>;
}

/**
 * Worker threads over a fixed number of buffers: the only place where content is hashed, deflated and inflated. Memory is
 * bounded by the buffers, since there is no work without one.
 */
export class ChunkPool implements AsyncDisposable {
  readonly #workers: PoolWorker[] = [];
  readonly #free: Lease["bytes"][] = [];
  readonly #waiting: ((bytes: Lease["bytes"]) => void)[] = [];
  readonly #noBuffer = new SharedArrayBuffer(0);
  #hashes = 0;

  constructor() {
    const workers = Math.min(MAX_WORKERS, availableParallelism());
    for (let i = 0; i < workers; i += 1) this.#workers.push(new PoolWorker());
    for (let i = 0; i < BUFFER_COUNT; i += 1)
      this.#free.push(Buffer.from(new SharedArrayBuffer(BUFFER_SIZE)));
  }

  /** A buffer, as soon as one is free. */
  async lease(): Promise<Lease> {
    const bytes =
      this.#free.pop() ??
      (await new Promise<Lease["bytes"]>((resolve) => this.#waiting.push(resolve)));
    return { bytes, [Symbol.dispose]: () => this.#giveBack(bytes) };
  }

  /** Runs a task on a leased buffer in the worker with the least to do. */
  run<K extends keyof Tasks>(
    task: K,
    lease: Lease,
    args: Parameters<Tasks[K]>[1],
  ): Promise<ReturnType<Tasks[K]>> {
    return this.#leastBusy().call(task, lease.bytes.buffer, args);
  }

  /** In the workers by turns: those of one content are updated together, and would wait for one another in the same worker. */
  sequentialHash(): SequentialHash {
    const id = (this.#hashes += 1);
    const worker = this.#workers[id % this.#workers.length] ?? this.#leastBusy();
    return {
      update: (lease, offset, length) =>
        worker.call("hashUpdate", lease.bytes.buffer, { id, content: [{ offset, length }] }),
      updateRuns: (runs) =>
        worker.call("hashUpdate", runs[0]?.buffer ?? this.#noBuffer, {
          id,
          content: runs.map(({ byteOffset, length }) => ({ offset: byteOffset, length })),
        }),
      updateBytes: (content) => worker.call("hashUpdate", this.#noBuffer, { id, content }),
      digest: () => worker.call("hashEnd", this.#noBuffer, { id }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  #giveBack(bytes: Lease["bytes"]): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(bytes);
    else next(bytes);
  }

  #leastBusy(): PoolWorker {
    return this.#workers.reduce((least, worker) =>
      worker.pending < least.pending ? worker : least,
    );
  }
}

class PoolWorker {
  readonly #thread: Worker;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #ids = 0;

  constructor() {
    const entry = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
    this.#thread = new Worker(new URL(entry, import.meta.url));
    this.#thread.unref();
    this.#thread.on("message", (answer: Answer) => this.#settle(answer));
    this.#thread.on("error", (cause) =>
      this.#failAll(new Error("a worker thread ended", { cause })),
    );
  }

  get pending(): number {
    return this.#calls.size;
  }

  async call<K extends keyof Tasks>(
    task: K,
    buffer: SharedArrayBuffer,
    args: Parameters<Tasks[K]>[1],
  ): Promise<ReturnType<Tasks[K]>> {
    const id = (this.#ids += 1);
    const settled = Promise.withResolvers<unknown>();
    this.#calls.set(id, settled);
    this.#thread.ref();
    const call: Call = { id, task, buffer, args };
    this.#thread.postMessage(call);
    return (await settled.promise) as ReturnType<Tasks[K]>;
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
    this.#failAll(new Error("the worker pool was closed"));
  }

  #settle(answer: Answer): void {
    const call = this.#calls.get(answer.id);
    this.#calls.delete(answer.id);
    if (this.#calls.size === 0) this.#thread.unref();
    if ("error" in answer) call?.reject(withCode(answer));
    else call?.resolve(answer.result);
  }

  #failAll(error: Error): void {
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }
}

function withCode({ error, code }: Extract<Answer, { error: unknown }>): unknown {
  return error instanceof Error && code !== undefined ? Object.assign(error, { code }) : error;
}
