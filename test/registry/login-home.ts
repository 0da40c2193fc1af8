import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** A home directory with files of logins, and an environment that leads there and nowhere else. */
export async function loginHome(files: Readonly<Record<string, unknown>> = {}) {
  const directory = await temporaryDirectory();
  const { path } = directory;
  const bin = join(path, "bin");
  await mkdir(bin);
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  }
  return {
    path,
    env: { HOME: path, PATH: `${bin}:${process.env["PATH"]}` },
    /** A `docker-credential-NAME` that is this shell script; it is asked on standard input. */
    async addHelper(name: string, script: string): Promise<void> {
      const file = join(bin, `docker-credential-${name}`);
      await writeFile(file, `#!/bin/sh\n${script}\n`);
      await chmod(file, 0o755);
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** An entry of `auths`. */
export function auth(username: string, password: string): { readonly auth: string } {
  return { auth: Buffer.from(`${username}:${password}`).toString("base64") };
}
