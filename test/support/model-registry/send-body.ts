import { setTimeout as delay } from "node:timers/promises";
import type { ByteRange } from "./byte-range.ts";
import type { Exchange, Head } from "./exchange.ts";

/** Content from which ranges can be read. */
export interface Content {
  readonly size: number;
  read(range: ByteRange): Promise<Buffer>;
}

const CHUNK_BYTES = 1024 * 1024;

/** Sends a range of the content, as well as the exchange's fault allows. */
export async function sendBody(
  exchange: Exchange,
  head: Head & { readonly statedLength?: number },
  body: { readonly content: Content; readonly range: ByteRange },
): Promise<void> {
  const { response, logged, effect } = exchange;
  const length = body.range.end - body.range.start;
  const lie = effect?.type === "content-length" ? effect.add : 0;
  logged.status = head.status;
  const statedLength = head.statedLength ?? length + lie;
  response.writeHead(head.status, { ...head.headers, "Content-Length": statedLength });
  if (exchange.request.method === "HEAD") return complete(exchange);

  await sendBytes(exchange, body.content, withheld(exchange, body.range));
  if (effect?.type === "stall") return;
  if (effect?.type === "cut") return cut(exchange);
  if (statedLength !== length) return closeConnection(exchange);
  complete(exchange);
}

/** Sends a text or JSON document. */
export function sendText(exchange: Exchange, head: Head, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  return sendBody(exchange, head, {
    content: bufferContent(bytes),
    range: { start: 0, end: bytes.length },
  });
}

export function bufferContent(bytes: Buffer): Content {
  return {
    size: bytes.length,
    read: async ({ start, end }) => Buffer.from(bytes.subarray(start, end)),
  };
}

async function sendBytes(exchange: Exchange, content: Content, range: ByteRange): Promise<void> {
  const { response, logged, log } = exchange;
  response.flushHeaders();
  const closed = new Promise<never>((_resolve, reject) => {
    response.once("close", () => reject(new Error("The client closed the connection")));
  });
  closed.catch(() => {});
  for (let at = range.start; at < range.end; at += CHUNK_BYTES) {
    const end = Math.min(range.end, at + CHUNK_BYTES);
    const chunk = await content.read({ start: at, end });
    flip(exchange, chunk, at);
    await Promise.race([write(exchange, chunk), closed]);
    logged.bodyBytes += chunk.length;
    log.changed();
    await slowDown(exchange, chunk.length);
  }
}

/** The part of the range that a cut or stalled response still sends. */
function withheld({ effect, random }: Exchange, range: ByteRange): ByteRange {
  if (effect?.type !== "cut" && effect?.type !== "stall") return range;
  const length = range.end - range.start;
  const sent = effect.afterBytes === "random" ? Math.floor(random() * length) : effect.afterBytes;
  return { start: range.start, end: range.start + Math.min(length, sent) };
}

function flip({ effect }: Exchange, chunk: Buffer, start: number): void {
  if (effect?.type !== "flip") return;
  const index = effect.offset - start;
  if (index >= 0 && index < chunk.length) chunk[index] = (chunk[index] ?? 0) ^ 0xff;
}

async function slowDown({ effect }: Exchange, bytes: number): Promise<void> {
  if (effect?.type === "slow") await delay((bytes / effect.bytesPerSecond) * 1000);
}

function write({ response }: Exchange, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

function complete({ response, logged, log }: Exchange): void {
  response.end();
  logged.outcome = "complete";
  log.changed();
}

function cut({ response, logged, log }: Exchange): void {
  logged.outcome = "cut";
  response.socket?.destroy();
  log.changed();
}

function closeConnection({ response, logged, log }: Exchange): void {
  logged.outcome = "cut";
  response.socket?.end();
  log.changed();
}
