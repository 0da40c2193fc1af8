import { pullModel } from "../pull/pull-model.ts";
import type { Call } from "./call.ts";
import { requireName } from "./find-model.ts";
import { requestBody } from "./request-body.ts";
import { sendLine, sendPlainJson } from "./respond.ts";

/** Answers 200 at once, whatever comes; with `stream: false` only at the end. */
export async function answerPull(call: Call): Promise<void> {
  const request = requestBody(call, "PullRequest");
  const name = requireName(request.model ?? "");
  const streamed = request.stream !== false;
  const { models: store, noPrune, version } = call.settings;
  const options = { store, noPrune, version, insecure: request["insecure"] === true };
  const onStatus = (line: Readonly<Record<string, unknown>>) => {
    if (streamed) sendLine(call, line);
  };
  try {
    await pullModel(name, { ...options, signal: call.signal, onStatus });
  } catch (error) {
    const failure = { error: error instanceof Error ? error.message : String(error) };
    if (!streamed) return sendPlainJson(call, failure, 500);
    sendLine(call, failure);
  }
  if (!streamed) return sendPlainJson(call, { status: "success" });
  call.response.end();
}
