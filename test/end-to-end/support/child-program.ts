import { spawn } from "node:child_process";
import { once } from "node:events";

export interface ChildProgram extends AsyncDisposable {
  /** What it printed so far, on both of its outputs. */
  readonly printed: () => string;
  /** Resolves with the first match in what it prints. Throws when it ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A server of one test that is a program of its own; it is ended with the test. */
export function childProgram([program = "", ...args]: readonly string[]): ChildProgram {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
      child.emit("printed");
    });
  const closed = once(child, "close");
  return {
    printed: () => output,
    async prints(pattern) {
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        const next = await Promise.race([once(child, "printed"), closed.then(() => undefined)]);
        if (next === undefined) throw new Error(`"${program}" ended: ${output}`);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
    },
  };
}
