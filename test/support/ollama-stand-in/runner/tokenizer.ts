import type { GgufValue } from "../store/gguf-values.ts";

/** Turns text into the tokens of a model's vocabulary, roughly as the model's own tokenizer does. */
export interface Tokenizer {
  encode(text: string): number[];
  /** The text of the vocabulary's n-th ordinary word. */
  word(index: number): { readonly id: number; readonly text: string };
}

const WORD_START = "\u2581";
const NORMAL = 1;

export function tokenizerOf(metadata: ReadonlyMap<string, GgufValue>): Tokenizer {
  const tokens = list(metadata.get("tokenizer.ggml.tokens")).map(String);
  const types = list(metadata.get("tokenizer.ggml.token_type"));
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const words = [...tokens.keys()].filter((id) => (types[id] ?? NORMAL) === NORMAL);
  const bert = metadata.get("tokenizer.ggml.model") === "bert";
  const first = bert ? "cls" : "bos";
  const [begin, end] = [first, ...(bert ? ["seperator"] : [])].map((name) =>
    metadata.get(`tokenizer.ggml.${name}_token_id`),
  );
  return {
    encode: (text) => [
      ...(typeof begin === "number" ? [begin] : []),
      ...greedyTokens(text, ids),
      ...(typeof end === "number" ? [end] : []),
    ],
    word(index) {
      const id = words[index % words.length] ?? 0;
      return { id, text: (tokens[id] ?? "").replaceAll(WORD_START, " ") };
    },
  };
}

function greedyTokens(text: string, ids: ReadonlyMap<string, number>): number[] {
  const pieces = Array.from(` ${text}`.replaceAll(" ", WORD_START));
  const found: number[] = [];
  for (let at = 0; at < pieces.length;) {
    const pair = ids.get(pieces.slice(at, at + 2).join(""));
    const isPair = pair !== undefined && at + 1 < pieces.length;
    found.push(...(isPair ? [pair] : singleTokens(pieces[at] ?? "", ids)));
    at += isPair ? 2 : 1;
  }
  return found;
}

/** A character's own token, or one for each of its bytes. */
function singleTokens(character: string, ids: ReadonlyMap<string, number>): number[] {
  const id = ids.get(character);
  if (id !== undefined) return [id];
  return [...Buffer.from(character)].map((byte) => {
    const hex = byte.toString(16).toUpperCase().padStart(2, "0");
    return ids.get(`<0x${hex}>`) ?? 0;
  });
}

function list(value: GgufValue | undefined): readonly GgufValue[] {
  return Array.isArray(value) ? value : [];
}
