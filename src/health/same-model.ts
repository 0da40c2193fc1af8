import {
  displayModelName,
  fullModelName,
  type ModelName,
  parseModelName,
} from "../core/model-name.ts";

/** A name to compare with: all parts spelled out and, as Ollama looks names up, without regard to case. */
export function comparableName(name: string): string {
  return reread(name, fullModelName).toLowerCase();
}

/** The name as Ollama prints it. */
export function shownName(name: string): string {
  return reread(name, displayModelName);
}

/** A server can list names that are none, since it reads them from its disk: they stay as they are. */
function reread(name: string, write: (name: ModelName) => string): string {
  try {
    return write(parseModelName(name));
  } catch {
    return name;
  }
}
