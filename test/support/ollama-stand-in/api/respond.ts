import type { Call } from "./call.ts";

const JSON_TYPE = "application/json; charset=utf-8";

export function sendJson({ response }: Call, value: unknown, status = 200): void {
  send(response, { status, type: JSON_TYPE, text: JSON.stringify(value) });
}

/** As the few endpoints answer that do not state a character set. */
export function sendPlainJson({ response }: Call, value: unknown, status = 200): void {
  send(response, { status, type: "application/json", text: JSON.stringify(value) });
}

export function sendText({ response }: Call, text: string, status = 200): void {
  send(response, {
    status,
    type: status === 200 ? "text/plain; charset=utf-8" : "text/plain",
    text,
  });
}

export function sendNothing({ response }: Call, status = 200): void {
  response.writeHead(status, { "Content-Length": 0 }).end();
}

/** One line of a streamed answer; the first one sends the headers. */
export function sendLine({ response }: Call, value: unknown): void {
  if (!response.headersSent) response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  response.write(`${JSON.stringify(value)}\n`);
}

function send(
  response: Call["response"],
  answer: { readonly status: number; readonly type: string; readonly text: string },
): void {
  const length = Buffer.byteLength(answer.text);
  response.writeHead(answer.status, { "Content-Type": answer.type, "Content-Length": length });
  response.end(answer.text);
}
