import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Call } from "../api/call.ts";
import { integerOption } from "../api/model-params.ts";
import type { LoadedModel } from "./load-model.ts";
import { renderTemplate } from "./render-template.ts";
import { tokenizerOf } from "./tokenizer.ts";

export interface Answer {
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly text: string;
}

export interface Question {
  readonly prompt: string;
  readonly system?: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly onToken?: (text: string) => void;
}

const DEFAULT_TOKENS = 32;

/** Words of the vocabulary, chosen by a hash of the question and the model's weights. */
export async function answerText(
  call: Call,
  loaded: LoadedModel,
  question: Question,
): Promise<Answer> {
  const { model, gguf, weightsDigest } = loaded;
  const { prompt, system = model.system, options, onToken } = question;
  const tokenizer = tokenizerOf(gguf.metadata);
  const rendered = renderTemplate(model.template, { System: system, Prompt: prompt });
  const seed = integerOption("seed", [options, model.params]) ?? 0;
  const asked = integerOption("num_predict", [options, model.params]) ?? DEFAULT_TOKENS;
  const tokens: number[] = [];
  let text = "";
  while (tokens.length < (asked > 0 ? asked : DEFAULT_TOKENS)) {
    if (call.settings.tokenMs > 0) {
      await delay(call.settings.tokenMs, undefined, { signal: call.signal });
    }
    const choice = `${weightsDigest}\n${seed}\n${rendered}\n${tokens.length}`;
    const word = tokenizer.word(createHash("sha256").update(choice).digest().readUInt32LE());
    tokens.push(word.id);
    text += word.text;
    onToken?.(word.text);
  }
  return { promptTokens: tokenizer.encode(rendered), tokens, text };
}

/** The figures that end an answer; durations in nanoseconds. */
export function figures(loaded: LoadedModel, answer: Answer): Record<string, number> {
  const spent = loaded.loadNanoseconds;
  return {
    total_duration: spent + 1000 * (answer.promptTokens.length + answer.tokens.length),
    load_duration: spent,
    prompt_eval_count: answer.promptTokens.length,
    prompt_eval_duration: 1000 * answer.promptTokens.length,
    eval_count: answer.tokens.length,
    eval_duration: 1000 * answer.tokens.length,
  };
}
