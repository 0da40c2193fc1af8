import { CHUNK_SIZE } from "./chunk.ts";
import { storedMemberSize } from "./gzip-member.ts";
import { PAGE_SIZE, pageAlignedBuffer } from "../page-aligned-buffer.ts";
import { type Job, PoolWorker, newJob } from "./pool-worker.ts";
import type { Tasks } from "./tasks.ts";
import { THREAD_COUNT } from "./worker-thread.ts";

/** Bytes that fit a leased buffer wherever in its first page they begin: one chunk as a stored gzip member. */
export const BUFFER_SIZE = storedMemberSize(CHUNK_SIZE);

/**
 * Four chunks in work, one that is being written, and one that arrives: who kept more leases at once would wait for ever, but
 * for those that come back without a further one, as what is on its way to the disk does. Two that read at the same time, each
 * in order, hold five at the most: where one stalls the other goes on with the sixth.
 */
export const BUFFER_COUNT = 6;

/** A page-aligned buffer that workers and the main thread share; whoever leased it gives it back exactly once. */
export interface Lease extends Disposable {
  readonly bytes: Buffer<SharedArrayBuffer>;
}

/** Some bytes of a leased buffer; whoever takes them over gives the lease back. */
export interface LeasedBytes extends Disposable {
  readonly bytes: Lease["bytes"];
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
  /** For whichever worker is free first. */
  readonly #jobs: Job[] = [];
  readonly #noBuffer = new SharedArrayBuffer(0);
  #hashes = 0;

  constructor() {
    for (let i = 0; i < THREAD_COUNT; i += 1)
      this.#workers.push(new PoolWorker(() => this.#handOut()));
    for (let i = 0; i < BUFFER_COUNT; i += 1)
      this.#free.push(pageAlignedBuffer(PAGE_SIZE + BUFFER_SIZE));
  }

  /** A buffer, as soon as one is free. */
  async lease(): Promise<Lease> {
    const bytes =
      this.#free.pop() ??
      (await new Promise<Lease["bytes"]>((resolve) => this.#waiting.push(resolve)));
    return { bytes, [Symbol.dispose]: () => this.#giveBack(bytes) };
  }

  /** Runs a task on a leased buffer in the worker that is free first. */
  run<K extends keyof Tasks>(
    task: K,
    lease: Lease,
    args: Parameters<Tasks[K]>[1],
  ): Promise<ReturnType<Tasks[K]>> {
    return this.#add(this.#jobs, newJob(task, lease.bytes.buffer, args));
  }

  /** In the workers by turns: those of one content are updated together, and would wait for one another in the same worker. */
  sequentialHash(): SequentialHash {
    const id = (this.#hashes += 1);
    const jobs = this.#workers[id % this.#workers.length]?.own ?? this.#jobs;
    const update = (
      buffer: SharedArrayBuffer,
      content: Parameters<Tasks["hashUpdate"]>[1]["content"],
    ): Promise<void> => this.#add(jobs, newJob("hashUpdate", buffer, { id, content }));
    return {
      update: (lease, offset, length) => update(lease.bytes.buffer, [{ offset, length }]),
      updateRuns: (runs) =>
        update(
          runs[0]?.buffer ?? this.#noBuffer,
          runs.map(({ byteOffset, length }) => ({ offset: byteOffset, length })),
        ),
      updateBytes: (content) => update(this.#noBuffer, content),
      digest: () => this.#add(jobs, newJob("hashEnd", this.#noBuffer, { id })),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  #add<R>(jobs: Job[], job: Job): Promise<R> {
    jobs.push(job);
    this.#handOut();
    return job.settled.promise as Promise<R>;
  }

  #giveBack(bytes: Lease["bytes"]): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(bytes);
    else next(bytes);
  }

  /** A worker's own jobs first: a whole file waits for them, and no other worker can help. */
  #handOut(): void {
    for (const worker of this.#workers) {
      while (worker.isFree) {
        const job = worker.own.shift() ?? this.#jobs.shift();
        if (job === undefined) break;
        worker.give(job);
      }
    }
  }
}
