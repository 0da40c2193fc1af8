import { once } from "node:events";
import { systemErrorText } from "../go/system-error.ts";
import { lineLog } from "../log.ts";
import { initializeKeyPair } from "../serve/key-pair.ts";
import { homeOf, hostFromEnvironment, settingsFromEnvironment } from "../settings.ts";
import { startOllamaStandIn } from "../start-ollama-stand-in.ts";
import type { Terminal } from "./terminal.ts";

/** `ollama serve`, until SIGTERM or SIGINT. */
export async function serve({ env, stdout, stderr }: Terminal): Promise<void> {
  await initializeKeyPair(homeOf(env), stdout);
  const { host, port } = hostFromEnvironment(env);
  const log = lineLog(stderr);
  const settings = settingsFromEnvironment(env);
  await using server = await startOllamaStandIn({ ...settings, host, port, log }).catch(
    (error: unknown) => {
      throw startError(error, `${host}:${port}`);
    },
  );
  // Not before: a server that still prunes ends by the signal itself.
  const stopped = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  log("INFO", `Listening on ${host}:${server.port} (version ${settings.version})`);
  await stopped;
}

function startError(error: unknown, address: string): Error {
  const { syscall } = error as NodeJS.ErrnoException;
  const text = systemErrorText(error);
  if (syscall === "listen")
    return new Error(`listen tcp ${address}: bind: ${text.split(": ").pop()}`);
  if (syscall === "mkdir") return new Error(`${text}: ensure path elements are traversable`);
  return new Error(text);
}
