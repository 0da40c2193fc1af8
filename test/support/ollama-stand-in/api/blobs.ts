import { createHash } from "node:crypto";
import { access, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { blobFile } from "../store/manifest.ts";
import { ApiError } from "./api-error.ts";
import type { Call } from "./call.ts";
import { sendNothing } from "./respond.ts";

/** Whether a file of that name exists; nothing is said of what is in it. */
export async function answerBlobHead(call: Call): Promise<void> {
  const file = fileOf(call);
  if (await exists(file)) {
    call.response.writeHead(200).end();
    return;
  }
  throw new ApiError(404, `blob "${digestOf(call)}" not found`);
}

/** An upload is hashed, and kept under the digest that it really has. */
export async function answerBlobPost(call: Call): Promise<void> {
  if (await exists(fileOf(call))) return sendNothing(call);
  const actual = `sha256:${createHash("sha256").update(call.body).digest("hex")}`;
  const file = blobFile(call.settings.models, actual);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, call.body);
  if (actual !== digestOf(call)) {
    throw new ApiError(400, `digest mismatch, expected "${digestOf(call)}", got "${actual}"`);
  }
  sendNothing(call, 201);
}

function fileOf(call: Call): string {
  const digest = digestOf(call);
  if (!/^sha256[:-][0-9a-fA-F]{64}$/.test(digest)) {
    throw new ApiError(400, "invalid digest format");
  }
  return blobFile(call.settings.models, digest);
}

function digestOf({ path: requestPath }: Call): string {
  return requestPath.slice("/api/blobs/".length);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
