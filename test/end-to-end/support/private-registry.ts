import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TEST_SERVER } from "../../registry/test-authority.ts";
import { childProgram } from "./child-program.ts";

/** "pass-word", as htpasswd writes it. */
const HTPASSWD = "ann:$2b$12$0YbA434lPJq./047XQc1weFnN95oUo0AUeXcGxHWNs2A5L7Pl8ZDK\n";

export const REGISTRY_LOGIN = { username: "ann", password: "pass-word" };

/**
 * Debian's docker-registry, twice over one storage: `open` is for the test to push to; `host` is on HTTPS, with a certificate of
 * the test authority, and wants {@link REGISTRY_LOGIN}.
 */
export async function startPrivateRegistry(directory: string) {
  await using stack = new AsyncDisposableStack();
  const at = (name: string) => join(directory, name);
  await writeFile(at("key.pem"), TEST_SERVER.key);
  await writeFile(at("cert.pem"), TEST_SERVER.cert);
  await writeFile(at("htpasswd"), HTPASSWD);
  const start = async (name: string, http: object, more: object = {}): Promise<string> => {
    const config = {
      version: "0.1",
      log: { level: "info" },
      storage: { filesystem: { rootdirectory: at("registry") } },
      http: { addr: "127.0.0.1:0", ...http },
      ...more,
    };
    await writeFile(at(name), JSON.stringify(config));
    const registry = stack.use(childProgram(["docker-registry", "serve", at(name)]));
    const [, host = ""] = await registry.prints(/listening on (127\.0\.0\.1:\d+)/);
    return host;
  };
  const open = `http://${await start("open.json", {})}`;
  const tls = { certificate: at("cert.pem"), key: at("key.pem") };
  const htpasswd = { realm: "private", path: at("htpasswd") };
  const host = await start("private.json", { tls }, { auth: { htpasswd } });
  const running = stack.move();
  return { open, host, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
