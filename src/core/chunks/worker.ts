import { parentPort } from "node:worker_threads";
import { tasks } from "./tasks.ts";

/** One call of a task, and its answer. An error's code is carried apart, since structured cloning drops it. */
export interface Call {
  readonly id: number;
  readonly task: string;
  readonly buffer: SharedArrayBuffer;
  readonly args: unknown;
}
export type Answer = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: unknown; readonly code: unknown }
);

parentPort?.on("message", (call: Call) => {
  parentPort?.postMessage(answer(call));
});

function answer({ id, task, buffer, args }: Call): Answer {
  try {
    const run = Reflect.get(tasks, task) as (buffer: Uint8Array, args: unknown) => unknown;
    // Of a fixed length: the length of a buffer that may grow is otherwise asked for at each access.
    return { id, result: run(new Uint8Array(buffer, 0, buffer.byteLength), args) };
  } catch (error) {
    return { id, error, code: error instanceof Error && "code" in error ? error.code : undefined };
  }
}
