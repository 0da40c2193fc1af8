import { HostError } from "../../core/errors.ts";
import { tryLockFile } from "../../core/lock-file.ts";

/** Two that write one bundle would write over each other. Throws {@link HostError} LOCKED. */
export async function lockOutput(path: string): Promise<AsyncDisposable> {
  const file = `${path}.lock`;
  const attempt = await tryLockFile(file, String(process.pid));
  if ("lock" in attempt) return attempt.lock;
  throw new HostError(
    "LOCKED",
    `Cannot write the bundle "${path}": process ${attempt.heldBy} is writing it`,
    {
      hint: `Wait for it, or write elsewhere with --output. If it is not running any more: rm ${JSON.stringify(file)}`,
    },
  );
}
