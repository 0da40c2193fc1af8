import { EngineError } from "../core/errors.ts";
import type { OnProgress } from "../core/progress.ts";
import { type EngineMessage, endedWithoutResult } from "./engine-messages.ts";
import { fullName } from "./engine-answers.ts";
import { PullProgress } from "./pull-progress.ts";

type Messages = AsyncIterable<EngineMessage>;

export interface OutcomeOptions {
  /** Completes "Cannot …". */
  readonly what: string;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * What `docker load` loaded: full names, or `sha256:…` of images without one. Throws when the engine names nothing, or says that
 * it could not unpack what it loaded.
 */
export async function readLoaded(messages: Messages, { what }: OutcomeOptions): Promise<string[]> {
  const loaded: string[] = [];
  for await (const { stream = "" } of messages) {
    const names = /^Loaded image(?: ID|\(s\))?: (?<names>.+)$/m.exec(stream)?.groups?.["names"];
    const problem = /^Error unpacking image .+$/m.exec(stream)?.[0];
    if (problem !== undefined) throw new EngineError("ENGINE_FAILED", `Cannot ${what}: ${problem}`);
    if (names !== undefined) loaded.push(...names.split(",").map((name) => nameOrId(name.trim())));
  }
  if (loaded.length === 0) throw endedWithoutResult(what);
  return loaded;
}

/** The id of the image that was built. Each stage tells its id in `aux`; only "Successfully built" says that all are done. */
export async function readBuilt(messages: Messages, options: OutcomeOptions): Promise<string> {
  let id: string | undefined;
  let built: string | undefined;
  for await (const { stream = "", aux } of messages) {
    id = aux?.ID ?? id;
    built = /^Successfully built (?<id>[0-9a-f]+)$/m.exec(stream)?.groups?.["id"] ?? built;
    if (stream.trim() !== "") options.onProgress?.({ kind: "note", text: stream.trimEnd() });
  }
  if (built === undefined) throw endedWithoutResult(options.what);
  return id ?? built;
}

export interface PullOptions extends OutcomeOptions {
  /** What progress calls it. */
  readonly item: string;
  /** Podman says that it is done with a last "Download complete", as Docker does for each layer. */
  readonly isPodman: boolean;
}

/** Throws unless the engine said that the image is there now. */
export async function readPulled(messages: Messages, options: PullOptions): Promise<void> {
  const progress = new PullProgress(options.item, options.onProgress);
  let isDone = false;
  for await (const message of messages) {
    const { status = "" } = message;
    if (/^(?:Status|Digest): /.test(status)) isDone = true;
    else if (options.isPodman) isDone = /^(?:Download|Pull) complete$/.test(status);
    progress.take(message);
  }
  if (!isDone) throw endedWithoutResult(options.what);
}

function nameOrId(text: string): string {
  return text.startsWith("sha256:") ? text : fullName(text);
}
