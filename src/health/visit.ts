import type { z } from "zod";
import type { WorkOptions } from "../core/progress.ts";
import type { Finding } from "./health-report.ts";
import { type Answer, readAnswer } from "./ollama-answers.ts";
import type { OllamaClient } from "../ollama/ollama-client.ts";

/** What every check needs. */
export interface Visit extends WorkOptions {
  readonly client: OllamaClient;
  /** For one answer, loading a model included. */
  readonly timeoutSeconds: number;
}

/** What a check found and, where it went well, what it learned for the next ones. */
export interface Checked<T> {
  readonly finding: Finding;
  readonly value?: T;
}

export interface Question<T> {
  readonly path: string;
  /** Makes it a POST. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly shape: z.ZodType<T>;
}

/** One question and its answer. */
export async function ask<T>(
  { client, timeoutSeconds, signal }: Visit,
  { path, body, shape }: Question<T>,
): Promise<Answer<T>> {
  const options = { timeoutSeconds, signal };
  const outcome = await client.ask(path, body === undefined ? options : { ...options, body });
  return readAnswer(outcome, shape);
}
