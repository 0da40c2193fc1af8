import { type FileHandle, open, rename } from "node:fs/promises";
import { type RegistryClient, type Reply, send } from "./registry-client.ts";

interface Download {
  readonly digest: string;
  /** Where the blob will lie. */
  readonly file: string;
  readonly signal: AbortSignal;
  readonly onProgress: (completed: number, total: number) => void;
}

const LEAST_PART = 100_000_000;
const MOST_PARTS = 16;
const TRIES = 6;

/** Fetches a blob in up to 16 ranges at once; checks nothing of what arrives. */
export async function downloadBlob(registry: RegistryClient, download: Download): Promise<void> {
  const head = await registry.blob(download.digest, "HEAD");
  if (head.status === 404) throw new Error("file does not exist");
  const total = Number(head.headers["content-length"] ?? 0);
  const address = await directAddress(registry, download.digest);
  const partial = `${download.file}-partial`;
  await using handle = await open(partial, "w", 0o644);
  let completed = 0;
  const onBytes = (bytes: number) => {
    completed += bytes;
    download.onProgress(completed, total);
  };
  const parts = partsOf(total);
  await Promise.all(
    parts.map((part) => downloadPart(address, part, { handle, onBytes, signal: download.signal })),
  );
  await rename(partial, download.file);
}

/** Ollama wants to be told where the bytes are, by a redirect or by a Location header. */
async function directAddress(registry: RegistryClient, digest: string): Promise<URL> {
  const reply = await registry.blob(digest, "GET");
  reply.message.destroy();
  if (reply.status !== 200 && reply.status !== 307) {
    throw new Error(`unexpected status code ${reply.status}`);
  }
  const { location } = reply.headers;
  if (location === undefined) throw new Error("http: no Location header in response");
  return new URL(location, reply.url);
}

interface Part {
  readonly start: number;
  readonly end: number;
}

function partsOf(total: number): Part[] {
  const size = Math.max(LEAST_PART, Math.ceil(total / MOST_PARTS));
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => ({
    start: index * size,
    end: Math.min(total, (index + 1) * size),
  }));
}

async function downloadPart(
  address: URL,
  part: Part,
  to: { handle: FileHandle; onBytes: (bytes: number) => void; signal: AbortSignal },
): Promise<void> {
  let at = part.start;
  for (let attempt = 1; at < part.end; attempt += 1) {
    const headers = { Range: `bytes=${at}-${part.end - 1}` };
    const reply = await send(address, { headers, signal: to.signal });
    at += await writeAt(reply, { ...to, at, end: part.end });
    if (at < part.end && attempt === TRIES) throw new Error("max retries exceeded: EOF");
  }
}

/** How many bytes arrived before the end, or before the connection broke. */
async function writeAt(
  { message }: Reply,
  to: { handle: FileHandle; onBytes: (bytes: number) => void; at: number; end: number },
): Promise<number> {
  let at = to.at;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      const wanted = chunk.subarray(0, to.end - at);
      await to.handle.write(wanted, 0, wanted.length, at);
      at += wanted.length;
      to.onBytes(wanted.length);
    }
  } catch {
    // Cut off: the next attempt goes on from here.
  }
  return at - to.at;
}
