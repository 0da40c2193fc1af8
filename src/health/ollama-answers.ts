import { z } from "zod";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import type { Outcome } from "../ollama/ollama-client.ts";

// Shapes of https://github.com/ollama/ollama/blob/main/api/types.go, of which only what is needed is required:
// versions differ in the fields that they send.

export const versionAnswer = z.object({ version: z.string() });

export const statusAnswer = z.object({ cloud: z.object({ disabled: z.boolean() }) });

export const tagsAnswer = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        digest: z.string(),
        size: z.number(),
        /** RFC 3339: when the manifest file was written. */
        modified_at: z.string().optional(),
        /** There when the model runs in Ollama's cloud. */
        remote_host: z.string().optional(),
      }),
    )
    .nullable()
    .default([]),
});

export const showAnswer = z.object({ capabilities: z.array(z.string()).nullish() });

export const psAnswer = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        digest: z.string().optional(),
        size: z.number(),
        size_vram: z.number().default(0),
      }),
    )
    .nullable()
    .default([]),
});

export const generateAnswer = z.object({
  done: z.boolean(),
  eval_count: z.number().default(0),
});

export const embedAnswer = z.object({
  embeddings: z.array(z.array(z.number())).default([]),
});

const errorAnswer = z.object({ error: z.string() });

export type ListedModel = NonNullable<z.infer<typeof tagsAnswer>["models"]>[number];
export type RunningModel = NonNullable<z.infer<typeof psAnswer>["models"]>[number];

/** What a server answered: the parsed answer, or why there is none. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export interface Problem {
  readonly kind: "refused" | "unexpected" | "timedOut" | "unreachable";
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** The server's own words, or what happened instead of an answer. */
  readonly text: string;
}

/** Reads an outcome as `shape`. */
export function readAnswer<T>(outcome: Outcome, shape: z.ZodType<T>): Answer<T> {
  const body = readBody(outcome);
  if (!body.ok) return body;
  const parsed = shape.safeParse(jsonOrUndefined(body.value));
  if (parsed.success) return { ok: true, value: parsed.data };
  const text = `an unexpected answer: ${excerpt(body.value)}`;
  return { ok: false, problem: { kind: "unexpected", status: 200, text } };
}

/** The body of a 200. Ollama's refusals are `{"error": "…"}`, of an unknown path plain text, of a foreign host empty. */
export function readBody(outcome: Outcome): Answer<string> {
  if (outcome.kind === "timedOut") {
    const text = `no answer within ${outcome.seconds} s`;
    return { ok: false, problem: { kind: "timedOut", text } };
  }
  if (outcome.kind === "unreachable") {
    return { ok: false, problem: { kind: "unreachable", text: outcome.reason } };
  }
  const { status, body } = outcome;
  if (status === 200) return { ok: true, value: body };
  const refusal = errorAnswer.safeParse(jsonOrUndefined(body));
  const text = refusal.success ? refusal.data.error : body;
  return { ok: false, problem: { kind: "refused", status, text: excerpt(text) } };
}

function excerpt(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
