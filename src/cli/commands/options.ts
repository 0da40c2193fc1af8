import { InvalidArgumentError, Option } from "commander";

/** Longer than any timer of Node can be set to would mean at once. */
const MOST_SECONDS = 1_000_000;

export function jsonOption(): Option {
  return new Option("--json", "print one JSON document instead of text");
}

export function logOption(): Option {
  return new Option("--log <file>", "append a full log with times to this file");
}

export function healthTimeoutOption(): Option {
  const text =
    "how long the server may take until it first answers, and each model to load and answer";
  return new Option("--health-timeout <seconds>", text).default(300).argParser(parseSeconds);
}

/** Names separated by commas. */
export function namesIn(list: string): string[] {
  return list.split(",").map((name) => name.trim());
}

/** For an option that may be given several times. */
export function oneMore(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** For a list that may be given in several parts. */
export function oneMoreList(value: string, before?: string): string {
  return before === undefined ? value : `${before},${value}`;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  throw new InvalidArgumentError("Expected a number of seconds.");
}
