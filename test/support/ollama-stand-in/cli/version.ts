import { settingsFromEnvironment } from "../settings.ts";
import { askForJson } from "./client.ts";
import type { Terminal } from "./terminal.ts";

/** `ollama --version`: never fails, so it tells nothing about the server's health. */
export async function version({ env, stdout }: Terminal): Promise<void> {
  const { version: own } = settingsFromEnvironment(env);
  const served = await askForJson<{ readonly version: string }>(env, {
    method: "GET",
    path: "/api/version",
  }).then(
    (answer) => answer.version,
    () => undefined,
  );
  if (served === undefined) stdout("Warning: could not connect to a running Ollama instance\n");
  else stdout(`ollama version is ${served}\n`);
  if (served !== own) stdout(`Warning: client version is ${own}\n`);
}
