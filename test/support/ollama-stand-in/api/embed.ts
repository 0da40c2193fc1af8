import { createHash } from "node:crypto";
import { isNotFound } from "../go/system-error.ts";
import { type LoadedModel, loadModel } from "../runner/load-model.ts";
import { tokenizerOf } from "../runner/tokenizer.ts";
import { ApiError } from "./api-error.ts";
import type { Call } from "./call.ts";
import { findModel } from "./find-model.ts";
import { requestBody, type RequestBody, textField } from "./request-body.ts";
import { sendJson } from "./respond.ts";

export async function answerEmbed(call: Call): Promise<void> {
  const request = requestBody(call, "EmbedRequest");
  const loaded = await loadForEmbedding(call, request);
  const texts = [request["input"] ?? []]
    .flat()
    .map(String)
    .filter((text) => text !== "");
  if (texts.length === 0) return sendJson(call, { model: request.model, embeddings: [] });
  const tokenizer = tokenizerOf(loaded.gguf.metadata);
  sendJson(call, {
    model: request.model,
    embeddings: texts.map((text) => embedding(loaded, text)),
    total_duration: loaded.loadNanoseconds + 1000,
    load_duration: loaded.loadNanoseconds,
    prompt_eval_count: texts.reduce((sum, text) => sum + tokenizer.encode(text).length, 0),
  });
}

/** The older endpoint. */
export async function answerEmbeddings(call: Call): Promise<void> {
  const request = requestBody(call, "EmbeddingRequest");
  const loaded = await loadForEmbedding(call, request);
  sendJson(call, { embedding: embedding(loaded, textField(request, "prompt")) });
}

async function loadForEmbedding(call: Call, request: RequestBody): Promise<LoadedModel> {
  const { model: asked = "" } = request;
  const model = await findModel(call, asked, "remote model is unavailable");
  if (model === undefined) throw notFound(asked);
  try {
    return loadModel(call, model, request);
  } catch (error) {
    if (isNotFound(error)) throw notFound(asked);
    throw error;
  }
}

function notFound(asked: string): ApiError {
  return new ApiError(404, `model "${asked}" not found, try pulling it first`);
}

/** A vector of length 1 that a hash of the text and the weights points to. */
function embedding({ gguf, weightsDigest }: LoadedModel, text: string): number[] {
  const width = Number(gguf.metadata.get(`${gguf.architecture}.embedding_length`) ?? 32);
  const values = Array.from({ length: width }, (_, index) => {
    const hash = createHash("sha256").update(`${weightsDigest}\n${index}\n${text}`).digest();
    return hash.readInt32LE() / 2 ** 31;
  });
  const length = Math.hypot(...values);
  return values.map((value) => Math.fround(value / length));
}
