import { text } from "node:stream/consumers";
import { askServer } from "./client.ts";
import type { Terminal } from "./terminal.ts";

/** `ollama cp SOURCE DESTINATION` */
export async function copy({ env, stdout }: Terminal, args: readonly string[]): Promise<void> {
  const [source = "", destination = ""] = args;
  const body = { source, destination };
  await text(await askServer(env, { method: "POST", path: "/api/copy", body }));
  stdout(`copied '${source}' to '${destination}'\n`);
}

/** `ollama rm MODEL...` */
export async function remove({ env, stdout }: Terminal, args: readonly string[]): Promise<void> {
  for (const model of args) {
    await text(await askServer(env, { method: "DELETE", path: "/api/delete", body: { model } }));
    stdout(`deleted '${model}'\n`);
  }
}

/** `ollama stop MODEL`: unloads it. */
export async function stop({ env }: Terminal, [model = ""]: readonly string[]): Promise<void> {
  const body = { model, keep_alive: 0 };
  const asked = askServer(env, { method: "POST", path: "/api/generate", body });
  const reply = await asked.catch((error: Error) => {
    const unknown = error.message.endsWith("not found");
    throw unknown ? new Error(`couldn't find model "${model}" to stop`) : error;
  });
  await text(reply);
}
