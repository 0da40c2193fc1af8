import { decodeJson } from "../go/decode-json.ts";
import { ApiError } from "./api-error.ts";
import type { Call } from "./call.ts";

export interface RequestBody {
  readonly model?: string;
  readonly stream?: boolean;
  readonly keep_alive?: number | string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** The request's JSON; `type` is what Go calls it in its complaints. */
export function requestBody({ body }: Call, type: string): RequestBody {
  if (body.length === 0) throw new ApiError(400, "missing request body");
  const value = decode(body.toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = Array.isArray(value) ? "array" : typeof value;
    throw new ApiError(400, `json: cannot unmarshal ${kind} into Go value of type api.${type}`);
  }
  const fields = value as RequestBody & { readonly name?: unknown };
  const model: unknown = fields.model ?? fields.name;
  if (model !== undefined && typeof model !== "string") {
    const message = `json: cannot unmarshal ${typeof model} into Go struct field ${type}.model of type string`;
    throw new ApiError(400, message);
  }
  return model === undefined ? fields : { ...fields, model };
}

/** A field's text; empty where it is missing or no text. */
export function textField(request: RequestBody, field: string): string {
  const value = request[field];
  return typeof value === "string" ? value : "";
}

function decode(text: string): unknown {
  try {
    return decodeJson(text);
  } catch (error) {
    throw new ApiError(400, error instanceof Error ? error.message : String(error));
  }
}
