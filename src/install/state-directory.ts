import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Where this user's installations are recorded: `ollama-bundle` below XDG_STATE_HOME, or below `~/.local/state` (XDG Base
 * Directory Specification, which says to ignore a relative path).
 */
export function stateDirectory(env: Readonly<NodeJS.ProcessEnv>): string {
  const stateHome = env["XDG_STATE_HOME"] ?? "";
  const base = isAbsolute(stateHome)
    ? stateHome
    : join(env["HOME"] || homedir(), ".local", "state");
  return join(base, "ollama-bundle");
}

/** Where one installation has its journal and its receipt. */
export function installationDirectory(
  env: Readonly<NodeJS.ProcessEnv>,
  installation: string,
): string {
  return join(stateDirectory(env), "installations", installation);
}
