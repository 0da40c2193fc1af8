import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { stateKey } from "./state-directory.ts";

/**
 * Runs `work` while no other process works on the test hosts. The lock is an abstract Unix socket: the kernel
 * takes it back when its holder dies, so that no stale lock can be left behind.
 */
export async function withLock<T>(work: () => Promise<T>): Promise<T> {
  const holders = new Set<Socket>();
  const server = createServer((waiting) => {
    holders.add(waiting);
    waiting.on("error", () => holders.delete(waiting)).on("close", () => holders.delete(waiting));
  });
  while (!(await listens(server))) {
    await holderIsGone();
  }
  try {
    return await work();
  } finally {
    server.close();
    for (const waiting of holders) waiting.destroy();
  }
}

async function listens(server: Server): Promise<boolean> {
  try {
    server.listen({ path: lockName() });
    await once(server, "listening");
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
}

async function holderIsGone(): Promise<void> {
  const socket = connect({ path: lockName() });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("error", () => resolve()).on("close", () => resolve());
  socket.resume();
  await promise;
}

function lockName(): string {
  return `\0ollama-bundle-test-hosts-${stateKey()}`;
}
