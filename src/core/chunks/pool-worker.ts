import type { Worker } from "node:worker_threads";
import type { Tasks } from "./tasks.ts";
import type { Answer, Call } from "./worker.ts";
import { takeThread } from "./worker-thread.ts";

/** What one worker is given at a time: a job, and the next one, so that it need not wait for the main thread in between. */
const GIVEN_MAX = 2;

/** A task to do, and who waits for its result. */
export interface Job {
  readonly call: Omit<Call, "id">;
  readonly settled: PromiseWithResolvers<unknown>;
}

export function newJob<K extends keyof Tasks>(
  task: K,
  buffer: SharedArrayBuffer,
  args: Parameters<Tasks[K]>[1],
): Job {
  return { call: { task, buffer, args }, settled: Promise.withResolvers() };
}

/** One worker thread. It keeps nothing alive while it has no job. */
export class PoolWorker {
  /** Jobs that nobody else can do, in their order. */
  readonly own: Job[] = [];
  readonly #thread: Worker;
  readonly #onFree: () => void;
  readonly #given = new Map<number, Job>();
  #failure: Error | undefined;
  #ids = 0;

  /** `onFree` is called whenever it could take a job. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
    this.#thread = takeThread();
    this.#thread.on("message", (answer: Answer) => this.#settle(answer));
    this.#thread.on("error", (cause) => this.#end(new Error("a worker thread ended", { cause })));
    this.#thread.on("exit", () => this.#end(new Error("a worker thread ended")));
  }

  get isFree(): boolean {
    return this.#given.size < GIVEN_MAX;
  }

  /** A worker that has ended fails everything that it is given. */
  give(job: Job): void {
    if (this.#failure !== undefined) return job.settled.reject(this.#failure);
    const id = (this.#ids += 1);
    this.#given.set(id, job);
    this.#thread.ref();
    const call: Call = { id, ...job.call };
    this.#thread.postMessage(call);
  }

  async stop(): Promise<void> {
    this.#failure ??= new Error("the worker pool was closed");
    await this.#thread.terminate();
  }

  #settle(answer: Answer): void {
    const job = this.#given.get(answer.id);
    this.#given.delete(answer.id);
    this.#onFree();
    if (this.#given.size === 0) this.#thread.unref();
    if ("error" in answer) job?.settled.reject(withCode(answer));
    else job?.settled.resolve(answer.result);
  }

  #end(error: Error): void {
    this.#failure ??= error;
    for (const { settled } of this.#given.values()) settled.reject(this.#failure);
    this.#given.clear();
    this.#onFree();
  }
}

function withCode({ error, code }: Extract<Answer, { error: unknown }>): unknown {
  return error instanceof Error && code !== undefined ? Object.assign(error, { code }) : error;
}
