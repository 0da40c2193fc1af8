import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { asApiError } from "../api/api-error.ts";
import type { Call } from "../api/call.ts";
import { sendJson } from "../api/respond.ts";
import { handlerFor } from "./routes.ts";

/** Reads a request, has it answered, and turns whatever goes wrong into Ollama's answer. */
export async function answerRequest(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  state: Pick<Call, "settings" | "runners" | "log">,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const { pathname } = new URL(request.url ?? "/", "http://ollama");
  const heard = { ...state, request, response, path: pathname, signal: gone.signal };
  const call = (body: Buffer): Call => ({ ...heard, body });
  try {
    await handlerFor(request.method ?? "GET", pathname)(call(await buffer(request)));
  } catch (error) {
    if (gone.signal.aborted || response.headersSent) return void response.destroy();
    const { status, message } = asApiError(error);
    sendJson(call(Buffer.alloc(0)), { error: message }, status);
  }
}
