import { capabilitiesOf } from "../store/capabilities.ts";
import type { Model } from "../store/open-model.ts";
import { ApiError, modelNotFound } from "./api-error.ts";
import type { Call } from "./call.ts";
import { findModel } from "./find-model.ts";
import type { RequestBody } from "./request-body.ts";

/** The model that is asked to write; missing weights look like a missing capability. */
export async function requireModel(
  call: Call,
  request: RequestBody,
  what: "generate" | "chat",
): Promise<Model> {
  const { model: asked = "" } = request;
  const model = await findModel(call, asked, "remote model is unavailable");
  if (model === undefined) throw modelNotFound(asked);
  const capabilities = capabilitiesOf(model);
  if (!capabilities.includes("completion")) {
    throw new ApiError(400, `"${asked}" does not support ${what}`);
  }
  if (request["think"] === true && !capabilities.includes("thinking")) {
    throw new ApiError(400, `"${asked}" does not support thinking`);
  }
  return model;
}
