import { InvalidArgumentError, Option } from "commander";
import { parseByteSize } from "../../core/byte-size.ts";

/** Longer than any timer of Node can be set to would mean at once. */
const MOST_SECONDS = 1_000_000;
/** Slower than this nothing gets anywhere before registries give up. Bytes a second. */
const LOWEST_RATE = 1024;
/** Registries take more from one place for an attack. */
const MOST_PARALLEL = 16;

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

export function limitRateOption(): Option {
  const text =
    "download no faster than this in a second, all together: 500K, 5M (1024-based), 5MB; not what an engine pulls";
  return new Option("--limit-rate <size>", text).argParser(parseRate);
}

export function parallelOption(): Option {
  const text = `ask for so much content at once, 1 to ${MOST_PARALLEL} (default: 8)`;
  return new Option("--parallel <count>", text).argParser(parseParallel);
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

function parseRate(text: string): number {
  const rate = parseByteSize(text);
  if (rate !== undefined && rate >= LOWEST_RATE) return rate;
  throw new InvalidArgumentError("Expected a size such as 500K or 5M, at least 1K.");
}

function parseParallel(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_PARALLEL) return count;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MOST_PARALLEL}.`);
}
