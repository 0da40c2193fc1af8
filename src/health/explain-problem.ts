import type { Problem } from "./ollama-answers.ts";

interface Explanation {
  readonly pattern: RegExp;
  readonly meaning: string;
  /** What this machine lacks is a warning: the files are as they should be. */
  readonly isLimit?: true;
}

/**
 * Ollama has no error codes, and one status for many causes, so its words are all there is to tell them apart. Recorded from
 * 0.24; a text that is not known here is shown as it is.
 */
const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern:
      /requires more (system|gpu|vram)? ?memory|cannot be allocated|unable to allocate|out of memory|signal: killed/i,
    meaning: "it is too large for the memory of this machine",
    isLimit: true,
  },
  { pattern: /server busy/i, meaning: "the server has too many requests waiting", isLimit: true },
  {
    pattern: /does not support (generate|chat)/i,
    meaning: "its weights are missing or empty",
  },
  { pattern: /exceeds file size/i, meaning: "its weights are cut off" },
  {
    pattern: /unknown model architecture|requires a newer version|unsupported model/i,
    meaning: "this Ollama is too old for it",
  },
  {
    pattern: /unable to load model|error loading model|wrong number of tensors|invalid file magic/i,
    meaning: "its weights are damaged, or not for this Ollama",
  },
  {
    pattern: /^(unexpected )?EOF$/i,
    meaning: "its manifest, config or weights are cut off or empty",
  },
  { pattern: /permission denied/i, meaning: "the server may not read its files" },
  { pattern: /cloud is disabled/i, meaning: "it is a model of Ollama's cloud" },
  {
    pattern: /not found/i,
    meaning:
      "a file of it is missing (weights, config, template, parameters, system text or licence)",
  },
];

/** What went wrong in the server's words and, where it is known, what that means. */
export function explainProblem(problem: Problem): { detail: string; isLimit: boolean } {
  const known = EXPLANATIONS.find(({ pattern }) => pattern.test(problem.text));
  const text = textOf(problem);
  return {
    detail: known === undefined ? text : `${known.meaning} (${text})`,
    isLimit: problem.kind === "timedOut" || known?.isLimit === true,
  };
}

/** The server's words alone: `the server answered 404: model 'tiny' not found`. */
export function textOf({ kind, status, text }: Problem): string {
  if (kind !== "refused") return text;
  return `the server answered ${status}${text === "" ? "" : `: ${text}`}`;
}
