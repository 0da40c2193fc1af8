/** What differs between two machines or runs, and is replaced before bodies are compared. */
export interface Surroundings {
  /** The store's path, "/root/.ollama/models" in the recordings. */
  readonly store: string;
  /** The registry's address, "127.0.0.1:5000" in the recordings. */
  readonly registry: string | undefined;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Fields that `test/contract` calls unstable, and what stays comparable of them. */
const UNSTABLE: Readonly<Record<string, (value: Json) => Json>> = {
  created_at: typeName,
  expires_at: typeName,
  total_duration: typeName,
  load_duration: typeName,
  prompt_eval_duration: typeName,
  eval_duration: typeName,
  context: typeName,
  response: typeName,
  content: typeName,
  created: typeName,
  id: typeName,
  embedding: countOf,
  embeddings: (value) => (Array.isArray(value) ? value.map(countOf) : value),
  modified_at: (value) => (textOf(value).startsWith("2026-01-02T") ? value : "(now)"),
  // Ollama walks through a Go map: the lines come in any order.
  parameters: (value) => textOf(value).split("\n").sort(),
  modelfile: (value) => textOf(value).split("\n").sort(),
  models: (value) => (Array.isArray(value) ? sameTimeByName(value.map(comparable)) : value),
};

/** A body with everything unstable taken out: JSON, lines of JSON, or plain text. */
export function comparableBody(body: string, surroundings: Surroundings): Json {
  const neutral = body
    .replaceAll(surroundings.store, "/root/.ollama/models")
    .replaceAll(surroundings.registry ?? "127.0.0.1:5000", "127.0.0.1:5000");
  const lines = neutral.trimEnd().split("\n").map(parseOr);
  const [only] = lines;
  return lines.length === 1 && only !== undefined ? comparable(only) : comparableLines(lines);
}

/** Answers of a stream differ in how many pieces they come. */
function comparableLines(lines: readonly Json[]): Json {
  const settled = lines.filter((line) => !isProgress(line)).map(comparable);
  const texts = settled.map((line) => JSON.stringify(line));
  return settled.filter((_line, index) => texts[index] !== texts[index - 1]);
}

/** The states of a download before its end. */
function isProgress(line: Json): boolean {
  if (!isObject(line)) return false;
  const { total, completed } = line;
  return total !== undefined && completed !== total;
}

function comparable(value: Json): Json {
  if (Array.isArray(value)) return value.map(comparable);
  if (!isObject(value)) return value;
  const isRunner = value["expires_at"] !== undefined;
  const isText = value["done"] !== undefined;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      // What a runner needs is an estimate of the inference engine.
      if (key === "size" && isRunner) return [key, typeName(field)];
      if (key === "response" && isText && field === "") return [key, typeName(field)];
      if (key === "error") return [key, comparableError(textOf(field))];
      return [key, UNSTABLE[key]?.(field) ?? comparable(field)];
    }),
  );
}

/** Error texts without what the network, the port or a race put into them. */
export function comparableError(text: string): string {
  return text
    .replace(/dial tcp: [\s\S]*$/, "dial tcp: …")
    .replace(/\?ts=\d+/, "?ts=…")
    .replace(/got sha256:[0-9a-f]{64}/, "got sha256:…")
    .replace(/panic:[\s\S]*$/, "panic:");
}

/** Models with one modified_at come in any order. */
function sameTimeByName(models: readonly Json[]): Json {
  const field = (model: Json, name: string) => (isObject(model) ? textOf(model[name] ?? "") : "");
  return models.toSorted((a, b) =>
    field(a, "modified_at") === field(b, "modified_at")
      ? field(a, "name").localeCompare(field(b, "name"))
      : 0,
  );
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function typeName(value: Json): Json {
  return Array.isArray(value) ? "(array)" : `(${typeof value})`;
}

function countOf(value: Json): Json {
  return Array.isArray(value) ? value.length : value;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseOr(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
