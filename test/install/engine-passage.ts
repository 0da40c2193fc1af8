import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";
import { join } from "node:path";

/** A socket that leads to an engine's. */
export interface EnginePassage extends AsyncDisposable {
  readonly dockerHost: string;
  /** Bytes that went to the engine so far. */
  readonly sent: number;
  /** From now on it leads nowhere. */
  close(): void;
}

/** `beforeLoad` is called, and waited for, whenever an image is to be loaded. */
export async function passageTo(
  dockerHost: string,
  directory: string,
  beforeLoad: (passage: EnginePassage) => void | Promise<void> = () => {},
): Promise<EnginePassage> {
  const path = join(directory, "passage.sock");
  const sockets: Socket[] = [];
  let sent = 0;
  const server = createServer((here) => {
    const there = connect(dockerHost.replace("unix://", ""));
    sockets.push(here, there);
    for (const socket of [here, there]) socket.on("error", () => {});
    there.pipe(here);
    forward(here, there).catch(() => there.destroy());
  });
  async function forward(here: Socket, there: Socket): Promise<void> {
    for await (const bytes of here as AsyncIterable<Buffer>) {
      if (/^POST \S*\/images\/load/.test(bytes.toString("latin1", 0, 100)))
        await beforeLoad(passage);
      sent += bytes.length;
      if (!there.write(bytes)) await once(there, "drain");
    }
    there.end();
  }
  const passage: EnginePassage = {
    dockerHost: `unix://${path}`,
    get sent() {
      return sent;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: async () => passage.close(),
  };
  server.listen(path);
  await once(server, "listening");
  return passage;
}
