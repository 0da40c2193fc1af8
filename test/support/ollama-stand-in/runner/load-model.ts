import { statSync } from "node:fs";
import type { RequestBody } from "../api/request-body.ts";
import type { Call } from "../api/call.ts";
import { detailsOf } from "../api/details.ts";
import { keepAliveOf } from "../api/keep-alive.ts";
import { checkOptions, integerOption } from "../api/model-params.ts";
import { shortName } from "../store/model-name.ts";
import type { Model } from "../store/open-model.ts";
import { type Gguf, readGguf } from "../store/read-gguf.ts";
import { checkTensorsKnown } from "./known-tensors.ts";

/** A model that can be asked. */
export interface LoadedModel {
  readonly model: Model;
  readonly gguf: Gguf;
  readonly weightsDigest: string;
  /** How long loading took, in nanoseconds. */
  readonly loadNanoseconds: number;
}

const DEFAULT_CONTEXT = 4096;

/** Loads a model's weights, or fails as the inference engine would. */
export function loadModel(call: Call, model: Model, request: RequestBody): LoadedModel {
  const began = process.hrtime.bigint();
  const { options = {} } = request;
  checkOptions(options);
  const { weightsFile, weightsDigest = "" } = model;
  if (weightsFile === undefined) throw new Error("model has no weights");
  const gguf = readGguf(weightsFile);
  checkTensorsKnown(gguf);
  const bytes = statSync(weightsFile).size;
  checkMemory(bytes, call.settings.memoryBytes);
  const trained = gguf.metadata.get(`${gguf.architecture}.context_length`);
  const wanted = integerOption("num_ctx", [options, model.params]) ?? DEFAULT_CONTEXT;
  const contextLength = typeof trained === "number" ? Math.min(trained, wanted) : wanted;
  const runner = {
    name: shortName(model.name),
    digest: model.manifest.digest,
    weightsDigest,
    details: detailsOf(model.config),
    bytes,
    contextLength,
  };
  call.runners.load(runner, keepAliveOf(call, request));
  const loadNanoseconds = Number(process.hrtime.bigint() - began);
  return { model, gguf, weightsDigest, loadNanoseconds };
}

function checkMemory(needed: number, available: number): void {
  if (needed <= available) return;
  throw new Error(
    `model requires more system memory (${gibibytes(needed)}) than is available (${gibibytes(available)})`,
  );
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
