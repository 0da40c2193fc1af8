export interface Token {
  readonly text: string;
  readonly type: number;
  readonly score: number;
}

/** `tokenizer.ggml.token_type`. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

const WORD_START = "\u2581";
const COMMON_LETTERS = "etaoinshrdlu";

/** A SentencePiece vocabulary that can spell every text: 256 byte tokens and a few pieces. */
export function sentencePieceVocabulary(): Token[] {
  const tokens: Token[] = [
    { text: "<unk>", type: TOKEN_TYPE.unknown, score: 0 },
    { text: "<s>", type: TOKEN_TYPE.control, score: 0 },
    { text: "</s>", type: TOKEN_TYPE.control, score: 0 },
  ];
  for (let byte = 0; byte < 256; byte += 1) {
    const hex = byte.toString(16).toUpperCase().padStart(2, "0");
    tokens.push({ text: `<0x${hex}>`, type: TOKEN_TYPE.byte, score: 0 });
  }
  const wordStarts = [WORD_START, ...Array.from(COMMON_LETTERS, (letter) => WORD_START + letter)];
  const pieces = [...wordStarts, ...COMMON_LETTERS, ..."cmfwypvbgkqjxz.,?!"];
  for (const [rank, text] of pieces.entries()) {
    tokens.push({ text, type: TOKEN_TYPE.normal, score: -1 - rank });
  }
  // Q8_0 rows come in blocks of 32.
  while (tokens.length % 32 !== 0) {
    const text = `${WORD_START}word${tokens.length}`;
    tokens.push({ text, type: TOKEN_TYPE.normal, score: -tokens.length });
  }
  return tokens;
}

/** A WordPiece vocabulary that can spell lower-case words letter by letter. */
export function wordPieceVocabulary(): Token[] {
  const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const characters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
  const wordStarts = [...characters, ...".,?!'-"].map((character) => WORD_START + character);
  return [
    ...special.map((text) => ({ text, type: TOKEN_TYPE.control, score: -1000 })),
    ...[...wordStarts, ...characters].map((text) => ({
      text,
      type: TOKEN_TYPE.normal,
      score: -1000,
    })),
  ];
}
