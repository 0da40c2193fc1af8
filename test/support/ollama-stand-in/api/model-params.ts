import { ApiError } from "./api-error.ts";

const INTEGER_OPTIONS = new Set([
  "num_ctx",
  "num_predict",
  "num_batch",
  "num_gpu",
  "seed",
  "top_k",
]);
const FLOAT_OPTIONS = new Set(["temperature", "top_p", "min_p", "repeat_penalty"]);
const KEY_COLUMN = 31;

/** One name and value, with a list's values one by one. */
export function eachParameter(params: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(params).flatMap(([key, value]) =>
    [value].flat().map((single): [string, unknown] => [key, single]),
  );
}

/** The `parameters` text of `/api/show`. */
export function parametersText(params: Readonly<Record<string, unknown>>): string {
  return eachParameter(params)
    .map(([key, value]) => `${key.padEnd(KEY_COLUMN)}${JSON.stringify(value)}`)
    .join("\n");
}

/** Refuses options of the wrong type; unknown ones are ignored. */
export function checkOptions(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    const type = INTEGER_OPTIONS.has(name) ? "integer" : "float32";
    if (!INTEGER_OPTIONS.has(name) && !FLOAT_OPTIONS.has(name)) continue;
    if (typeof value !== "number") {
      throw new ApiError(500, `option "${name}" must be of type ${type}`);
    }
  }
}

/** A whole number among the options or, failing that, the model's own parameters. */
export function integerOption(
  name: string,
  sources: readonly Readonly<Record<string, unknown>>[],
): number | undefined {
  return sources.map((source) => source[name]).find((value) => typeof value === "number");
}
