import { text } from "node:stream/consumers";
import { askForJson } from "./client.ts";
import { pull } from "./pull.ts";
import type { Terminal } from "./terminal.ts";

interface Shown {
  readonly capabilities: readonly string[];
}

/** `ollama run MODEL [PROMPT]`, the prompt from standard input where it is not given. */
export async function run(terminal: Terminal, args: readonly string[]): Promise<void> {
  const { env, stdout } = terminal;
  const [model = "", ...words] = args;
  const shown = await showOrPull(terminal, model);
  const prompt = words.length > 0 ? words.join(" ") : (await text(process.stdin)).trimEnd();
  if (shown.capabilities.includes("embedding")) {
    const body = { model, input: prompt };
    const request = { method: "POST", path: "/api/embed", body };
    const { embeddings } = await askForJson<{ embeddings: readonly unknown[] }>(env, request);
    return stdout(`${JSON.stringify(embeddings[0])}\n`);
  }
  const body = { model, prompt, stream: false };
  const request = { method: "POST", path: "/api/generate", body };
  const { response } = await askForJson<{ readonly response: string }>(env, request);
  stdout(`${response}\n\n`);
}

/** A model that is not found is pulled, also where only a blob of it is missing. */
async function showOrPull(terminal: Terminal, model: string): Promise<Shown> {
  const show = () =>
    askForJson<Shown>(terminal.env, { method: "POST", path: "/api/show", body: { model } });
  try {
    return await show();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.endsWith("not found")) throw error;
    await pull(terminal, [model]);
    return show();
  }
}
