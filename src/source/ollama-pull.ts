import { z } from "zod";
import { hexOfDigest } from "../core/digest.ts";
import { shortId } from "../core/short-id.ts";
import { SourceError, messageOf } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import { type ModelName, fullModelName } from "../core/model-name.ts";
import type { OnProgress, WorkOptions } from "../core/progress.ts";
import { type RetryPolicy, TransientFailure, retry } from "../core/retry.ts";
import { withoutCredentials } from "../core/without-credentials.ts";
import type { OllamaClient } from "../ollama/ollama-client.ts";
import { tellRetries } from "../registry/tell-retries.ts";
import { explainPullError } from "./ollama-pull-errors.ts";

/** Ollama itself retries parts of blobs, but nothing else. */
const POLICY: RetryPolicy = { retries: 3, firstDelayMs: 500, maxDelayMs: 5000 };

/** A line of the answer (https://github.com/ollama/ollama/blob/main/api/types.go, ProgressResponse). Sizes are bytes. */
const pullLine = z.object({
  status: z.string().optional(),
  digest: z.string().optional(),
  total: z.number().default(0),
  completed: z.number().default(0),
  error: z.string().optional(),
});

export interface PullFrom {
  readonly client: OllamaClient;
  /** Whether the registry of the name is asked over plain HTTP. */
  readonly isInsecure: boolean;
  readonly policy?: RetryPolicy | undefined;
}

/**
 * Has an Ollama pull a model into its store. `POST /api/pull` answers 200 whatever happens, so only a last line that says
 * `success` is one; that says nothing of blobs that were there before, nor of all that were fetched. What may pass is tried
 * again. Throws {@link SourceError}.
 */
export async function pullWithOllama(
  { client, isInsecure, policy = POLICY }: PullFrom,
  name: ModelName,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const progress = new PullProgress(fullModelName(name), onProgress);
  const body = { model: fullModelName(name), ...(isInsecure && { insecure: true }) };
  const attempt = async (): Promise<void> => {
    const before = progress.bytes;
    const found = await problemOf(client, body, { progress, signal });
    if (found === undefined) return;
    const { code, hint, mayPass } = explainPullError(found);
    const error = new SourceError(
      code,
      `Ollama cannot pull "${fullModelName(name)}": ${shown(found)}`,
      { hint },
    );
    throw mayPass ? new TransientFailure(error, { madeProgress: progress.bytes > before }) : error;
  };
  await retry(attempt, policy, { signal, onRetry: tellRetries(onProgress) });
}

/** What went wrong, in Ollama's words where it has some; undefined where the answer ended with success. */
async function problemOf(
  client: OllamaClient,
  body: Readonly<Record<string, unknown>>,
  { progress, signal }: { readonly progress: PullProgress; readonly signal: WorkOptions["signal"] },
): Promise<string | undefined> {
  let status = "";
  try {
    for await (const text of client.lines("/api/pull", { body, signal })) {
      const { data: line } = pullLine.safeParse(jsonOrUndefined(text));
      if (line === undefined) return `it answers ${JSON.stringify(text.slice(0, 200))}`;
      if (line.error !== undefined) return line.error;
      status = line.status ?? "";
      progress.tell(line);
    }
  } catch (error) {
    signal?.throwIfAborted();
    return `its answer was cut off: ${messageOf(error)}`;
  }
  return status === "success" ? undefined : `its answer ended after "${status}", without success`;
}

/** In one line; an address in it may be that of a proxy with a login. */
function shown(text: string): string {
  return withoutCredentials(text.trim().replaceAll(/\s+/g, " "));
}

/** Tells of each blob as an item of its own, which never goes back. */
class PullProgress {
  readonly #model: string;
  readonly #onProgress: OnProgress | undefined;
  readonly #done = new Map<string, number>();

  constructor(model: string, onProgress: OnProgress | undefined) {
    this.#model = model;
    this.#onProgress = onProgress;
  }

  /** Of all blobs together, so many have been there at a time. */
  get bytes(): number {
    return [...this.#done.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  tell({ digest = "", total, completed }: z.infer<typeof pullLine>): void {
    const hex = hexOfDigest(digest);
    if (hex === undefined || completed <= (this.#done.get(hex) ?? -1)) return;
    this.#done.set(hex, completed);
    const item = `${shortId(hex)} of ${this.#model}`;
    this.#onProgress?.({ kind: "bytes", item, done: completed, total });
  }
}
