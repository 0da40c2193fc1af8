import { randomBytes } from "node:crypto";
import { EngineError } from "../core/errors.ts";
import { parseImageReference } from "../core/image-reference.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { ImageLocation } from "../definition/image-location.ts";
import type { Engine } from "../engine/engine.ts";

/** `0.24.0`, `v0.24.0-rc1`, `0.24.0-rocm`: what ollama/ollama's tags look like. */
const VERSION_TAG = /^v?(?<version>\d+\.\d+\.\d+(?:-rc\d+)?)(?:-[a-z0-9]+)?$/;
/** Without a server it says "client version is …". */
const VERSION_TEXT = /\bversion is (?<version>\d+\.\d+\.\d+\S*)/;

export interface OllamaVersionOptions extends WorkOptions {
  /** One that has the image; without one only a tag tells. */
  readonly engine?: Engine | undefined;
  /** Milliseconds that `ollama --version` may take in the image. */
  readonly timeout?: number;
}

/**
 * The version of Ollama in an image: from a tag that is one, else from the program itself, where an engine has the image. Labels are not
 * asked, since they are the base system's. Undefined where neither says it.
 */
export async function ollamaVersionOf(
  reference: string,
  { engine, signal, timeout = 60_000 }: OllamaVersionOptions,
): Promise<string | undefined> {
  const version = versionInTag(reference);
  if (version !== undefined || engine === undefined) return version;
  const timer = AbortSignal.timeout(timeout);
  const spec = {
    name: `ollama-bundle-version-${randomBytes(6).toString("hex")}`,
    image: reference,
    labels: { "ollama-bundle": "version" },
    entrypoint: ["ollama"],
    command: ["--version"],
  };
  try {
    const { output } = await engine.runToEnd(spec, {
      signal: AbortSignal.any(signal === undefined ? [timer] : [timer, signal]),
    });
    return VERSION_TEXT.exec(output)?.groups?.["version"];
  } catch (error) {
    signal?.throwIfAborted();
    // No such program in it, or one that does not end: the caller says that the version is not known.
    if (timer.aborted || error instanceof EngineError) return undefined;
    throw error;
  }
}

/** The version that an image's name tells before anybody has the image, if it does. */
export function ollamaVersionInName(location: ImageLocation): string | undefined {
  return "reference" in location ? versionInTag(location.reference) : undefined;
}

function versionInTag(reference: string): string | undefined {
  const { tag = "" } = parseImageReference(reference);
  return VERSION_TAG.exec(tag)?.groups?.["version"];
}
