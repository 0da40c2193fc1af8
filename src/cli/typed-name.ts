import { parse } from "node:path";

const NAMES = ["bundle", "ollama-bundle"];

/** What this program was called, from `argv[1]`: npm links both names. Run by its file it is `bundle`. */
export function typedNameOf(script: string): string {
  const { name } = parse(script);
  return NAMES.includes(name) ? name : "bundle";
}
