/** Writes one line of the server's log. */
export type Log = (
  level: "INFO" | "WARN",
  message: string,
  values?: Readonly<Record<string, unknown>>,
) => void;

/** Lines of the form that Ollama writes, without the place in its source. */
export function lineLog(write: (line: string) => void): Log {
  return (level, message, values = {}) => {
    const pairs = Object.entries(values).map(([key, value]) => ` ${key}=${quoted(text(value))}`);
    const time = new Date().toISOString();
    write(`time=${time} level=${level} msg=${quoted(message)}${pairs.join("")}\n`);
  };
}

function text(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}

function quoted(value: string): string {
  return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
}
