import { byteRange } from "./byte-range.ts";
import type { Exchange } from "./exchange.ts";
import { sendRegistryError } from "./registry-error.ts";
import { bufferContent, type Content, sendBody } from "./send-body.ts";
import { blobContent } from "./store-files.ts";

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** `…/blobs/<digest>`: HEAD, GET, and GET of one range. */
export async function answerBlob(exchange: Exchange, store: string, digest: string): Promise<void> {
  const content = DIGEST.test(digest) ? await blobContent(store, digest) : undefined;
  if (content === undefined) {
    const error = { code: "BLOB_UNKNOWN", message: "blob unknown to registry", detail: digest };
    return sendRegistryError(exchange, { status: 404, ...error });
  }
  return sendBlob(exchange, digest, content);
}

function sendBlob(exchange: Exchange, digest: string, content: Content): Promise<void> {
  const { size } = content;
  const range =
    exchange.effect?.type === "ignore-range"
      ? undefined
      : byteRange(exchange.request.headers.range, size);
  if (range === "unsatisfiable") return refuseRange(exchange, digest, size);
  const headers = { ...blobHeaders(digest), "Accept-Ranges": "bytes" };
  if (range === undefined || exchange.request.method === "HEAD") {
    return sendBody(
      exchange,
      { status: 200, headers },
      { content, range: { start: 0, end: size } },
    );
  }
  const contentRange = `bytes ${range.start}-${range.end - 1}/${size}`;
  return sendBody(
    exchange,
    { status: 206, headers: { ...headers, "Content-Range": contentRange } },
    { content, range },
  );
}

/** A stock registry states the whole blob's length here and sends 33 bytes. */
function refuseRange(exchange: Exchange, digest: string, size: number): Promise<void> {
  const headers = {
    ...blobHeaders(digest),
    "Content-Range": `bytes */${size}`,
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
  };
  const text = Buffer.from("invalid range: failed to overlap\n");
  return sendBody(
    exchange,
    { status: 416, headers, statedLength: size },
    { content: bufferContent(text), range: { start: 0, end: text.length } },
  );
}

function blobHeaders(digest: string): Record<string, string> {
  return {
    "Cache-Control": "max-age=31536000",
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    Etag: `"${digest}"`,
  };
}
