import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { childProgram } from "./child-program.ts";

export const PROXY_LOGIN = { username: "bob", password: "proxy-word" };

/** Debian's tinyproxy, which wants {@link PROXY_LOGIN}. */
export async function startTinyproxy(directory: string) {
  const port = await freePort();
  const { username, password } = PROXY_LOGIN;
  const lines = [
    `Port ${port}`,
    "Listen 127.0.0.1",
    "MaxClients 50",
    "LogLevel Info",
    `BasicAuth ${username} ${password}`,
  ];
  const config = join(directory, "tinyproxy.conf");
  await writeFile(config, `${lines.join("\n")}\n`);
  const proxy = childProgram(["tinyproxy", "-d", "-c", config]);
  await proxy.prints(/Accepting connections/);
  return {
    /** As HTTPS_PROXY has it. */
    address: (secret = password) => `http://${username}:${secret}@127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    /** The hosts to which it made tunnels. */
    tunnels: () =>
      [...proxy.printed().matchAll(/: CONNECT (\S+) HTTP/g)].map(([, host = ""]) => host),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
