/**
 * Controls, among them the escape that begins a terminal's commands; and the marks that turn the direction of writing,
 * which make a text look like another one.
 */
const NOT_PRINTABLE = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029]--[\n\t]]/gv;

/** Text from registries, engines and bundles as it may reach a terminal: lines and tabs stay, controls become `\x1b`. */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(NOT_PRINTABLE, escaped);
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, " ").trim();
}

/** A text that is too long without its middle: names differ at their ends. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 1) / 3);
  return `${text.slice(0, head)}…${text.slice(head + 1 - width)}`;
}

/** A JSON document for a terminal or a program: what JSON itself leaves as it is gets escaped too. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(NOT_PRINTABLE, unicodeEscaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code > 0xff ? unicodeEscaped(character) : `\\x${code.toString(16).padStart(2, "0")}`;
}

function unicodeEscaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
