import { readlinkSync } from "node:fs";
import { open } from "node:fs/promises";

/** Until it is disposed, a sync of a file whose path matches fails, as that of a disk which lost what was written to it. Linux only. */
export async function failingSync(path: RegExp): Promise<Disposable> {
  await using any = await open(process.execPath);
  const prototype = Object.getPrototypeOf(any) as typeof any;
  const real: (this: typeof any) => Promise<void> = Reflect.get(prototype, "sync");
  prototype.sync = async function sync(this: typeof any) {
    if (path.test(readlinkSync(`/proc/self/fd/${this.fd}`)))
      throw Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO", syscall: "fsync" });
    await real.call(this);
  };
  return { [Symbol.dispose]: () => void Reflect.set(prototype, "sync", real) };
}
