import type { z } from "zod";
import type { CheckName } from "./health-report.ts";
import { embedAnswer, generateAnswer } from "./ollama-answers.ts";

const PROMPT = "Reply with OK";
/** A context of this size costs little memory, and the prompt with its template fits in. */
const SMALL_CONTEXT = 512;

/** What a model is asked to do so as to prove that it can. */
export interface Trial {
  readonly check: CheckName;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Gives what it did, in words. */
  readonly shape: z.ZodType<string>;
  /** What unloads the model: an embedding model refuses `/api/generate`, even to be unloaded. */
  readonly unload: { readonly path: string; readonly body: Readonly<Record<string, unknown>> };
}

export interface TrialOptions {
  /** A model in use keeps its context size and its time to stay: another size would load it anew. */
  readonly isInUse: boolean;
}

/** Chooses by capabilities: completion is what most models do; none at all is what a model without weights says. */
export function trialFor(
  model: string,
  capabilities: readonly string[],
  { isInUse }: TrialOptions,
): Trial {
  const keep = isInUse ? {} : { keep_alive: "5m" };
  const unload = { path: "/api/generate", body: { model, keep_alive: 0 } };
  if (capabilities.includes("completion") || capabilities.length === 0) {
    return {
      check: "generate",
      path: "/api/generate",
      body: {
        model,
        prompt: PROMPT,
        stream: false,
        think: false,
        ...keep,
        options: optionsFor(isInUse),
      },
      shape: generated,
      unload,
    };
  }
  if (capabilities.includes("embedding")) {
    const body = { model, input: PROMPT };
    return {
      check: "embed",
      path: "/api/embed",
      body: { ...body, ...keep },
      shape: embedded,
      unload: { path: "/api/embed", body: { ...body, keep_alive: 0 } },
    };
  }
  return {
    check: "load",
    path: "/api/generate",
    body: { model, stream: false, ...keep },
    shape: loaded,
    unload,
  };
}

function optionsFor(isInUse: boolean): Record<string, number> {
  const options = { num_predict: 8, temperature: 0, seed: 1 };
  return isInUse ? options : { ...options, num_ctx: SMALL_CONTEXT };
}

// The text proves nothing: a thinking model's few tokens are thoughts, and damaged weights speak too.
const generated = generateAnswer
  .refine((answer) => answer.done && answer.eval_count > 0)
  .transform((answer) => `generated ${answer.eval_count} tokens`);

const embedded = embedAnswer
  .refine(({ embeddings }) => (embeddings[0]?.length ?? 0) > 0)
  .transform(({ embeddings }) => `embedded into ${embeddings[0]?.length} numbers`);

const loaded = generateAnswer.refine((answer) => answer.done).transform(() => "loaded");
