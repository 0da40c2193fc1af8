import { type InspectColor, styleText } from "node:util";
import { printable } from "./printable.ts";

/** What people read on standard error, in one form. `NO_COLOR` and a stream that is no terminal are honoured. */
export class Messages {
  readonly #stream: NodeJS.WriteStream;
  readonly #typedName: string;

  /** `typedName` is what this program was called: hints are written for `bundle`. */
  constructor(stream: NodeJS.WriteStream, typedName: string) {
    this.#stream = stream;
    this.#typedName = typedName;
  }

  step(text: string): void {
    this.#write(text);
  }

  detail(text: string): void {
    this.#write(`  ${text}`);
  }

  warning(text: string): void {
    this.#write(text, "warning:", "yellow");
  }

  error(message: string, hint: string | undefined): void {
    this.#write(message, "error:", "red");
    if (hint !== undefined) this.#write(asTyped(hint, this.#typedName), "hint:", "cyan");
  }

  /** A text with lines of its own stays recognisable as one message: they are indented. */
  #write(text: string, label?: string, color?: InspectColor): void {
    const body = printable(text).trimEnd().replaceAll("\n", "\n  ");
    const head = label === undefined ? "" : `${this.#styled(label, color)} `;
    this.#stream.write(`${head}${body}\n`);
  }

  #styled(text: string, color: InspectColor | undefined): string {
    return color === undefined ? text : styleText(color, text, { stream: this.#stream });
  }
}

/** Commands in backquotes by the name that was typed: on macOS and beside Ruby `bundle` is another program. */
export function asTyped(text: string, typedName: string): string {
  return text.replaceAll("`bundle ", `\`${typedName} `);
}
