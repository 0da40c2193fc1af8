import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { humanBytes } from "../go/human.ts";
import { askServer } from "./client.ts";
import type { Terminal } from "./terminal.ts";

interface Line {
  readonly status?: string;
  readonly error?: string;
  readonly digest?: string;
  readonly total?: number;
  readonly completed?: number;
}

const BAR = 18;

/**
 * `ollama pull [--insecure] MODEL`: progress on stderr. Like Ollama it ends with
 * 0 when the server goes away in the middle; only the word "success" is then missing.
 */
export async function pull({ env, stderr }: Terminal, args: readonly string[]): Promise<void> {
  const model = args.find((argument) => !argument.startsWith("-"));
  if (model === undefined) throw new Error("accepts 1 arg(s), received 0");
  const body = { model, insecure: args.includes("--insecure") };
  const reply = await askServer(env, { method: "POST", path: "/api/pull", body });
  let bar = "";
  try {
    for await (const line of linesUntilItBreaks(reply)) {
      if (line.error !== undefined) throw new Error(line.error);
      const next = line.digest === undefined ? "" : progressBar(line);
      if (bar !== "" && next.split(":")[0] !== bar.split(":")[0]) stderr(`${bar}\n`);
      bar = next;
      if (line.digest === undefined) stderr(`${line.status} \n`);
    }
  } finally {
    if (bar !== "") stderr(`${bar}\n`);
  }
}

async function* linesUntilItBreaks(reply: Readable): AsyncGenerator<Line> {
  const lines = createInterface(reply)[Symbol.asyncIterator]();
  for (;;) {
    const next = await lines.next().catch(() => undefined);
    if (next === undefined || next.done === true) return;
    yield JSON.parse(next.value);
  }
}

function progressBar({ status, total = 0, completed = 0 }: Line): string {
  const share = total === 0 ? 1 : completed / total;
  const done = "█".repeat(Math.floor(share * BAR)).padEnd(BAR);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const size = share === 1 ? humanBytes(total) : `${humanBytes(completed)}/${humanBytes(total)}`;
  return `${status}: ${percent} ▕${done}▏ ${size.padStart(6)}`.padEnd(79);
}
