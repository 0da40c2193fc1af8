import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { stateKey } from "./state-directory.ts";

/** Runs `work` while no other process works on the test hosts. */
export async function withLock<T>(work: () => Promise<T>): Promise<T> {
  await using _lock = await takeLock("");
  return await work();
}

/**
 * Waits until no process has what `name` stands for, of the test hosts. The lock is an abstract Unix socket: the kernel takes it
 * back when its holder dies, so that no stale lock can be left behind.
 */
export async function takeLock(name: string): Promise<AsyncDisposable> {
  const path = `\0ollama-bundle-test-hosts-${stateKey()}${name}`;
  const waiters = new Set<Socket>();
  const server = createServer((waiting) => {
    waiters.add(waiting);
    waiting.on("error", () => waiters.delete(waiting)).on("close", () => waiters.delete(waiting));
  });
  while (!(await listens(server, path))) {
    await holderIsGone(path);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const waiting of waiters) waiting.destroy();
    },
  };
}

async function listens(server: Server, path: string): Promise<boolean> {
  try {
    server.listen({ path });
    await once(server, "listening");
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
}

async function holderIsGone(path: string): Promise<void> {
  const socket = connect({ path });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("error", () => resolve()).on("close", () => resolve());
  socket.resume();
  await promise;
}
