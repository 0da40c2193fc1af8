import { answerText, figures, type Question } from "../runner/answer-text.ts";
import { loadModel } from "../runner/load-model.ts";
import type { Model } from "../store/open-model.ts";
import type { Call } from "./call.ts";
import { keepAliveOf } from "./keep-alive.ts";
import type { RequestBody } from "./request-body.ts";
import { sendJson, sendLine } from "./respond.ts";

/** What a model is asked, and how an endpoint wraps the text that it says. */
export interface Asked {
  readonly request: RequestBody;
  readonly model: Model;
  /** Nothing to say: the model is loaded, or unloaded with `keep_alive` 0. */
  readonly question: Omit<Question, "options" | "onToken"> | undefined;
  readonly wrap: (text: string) => object;
  readonly withContext: boolean;
}

/** Answers in one piece or, unless the request says otherwise, word by word. */
export async function sendAnswer(call: Call, asked: Asked): Promise<void> {
  const { request, model, question } = asked;
  const keepAlive = keepAliveOf(call, request);
  if (question === undefined && keepAlive === 0) return sendUnloaded(call, asked);
  const loaded = loadModel(call, model, request);
  if (question === undefined) return sendDone(call, asked, "load");

  const streamed = request.stream !== false;
  const onToken = (text: string) => sendLine(call, { ...piece(asked, text), done: false });
  const { options = {} } = request;
  const answer = await answerText(call, loaded, {
    ...question,
    options,
    ...(streamed && { onToken }),
  });
  const context = [...answer.promptTokens, ...answer.tokens];
  const last = {
    ...piece(asked, streamed ? "" : answer.text),
    done: true,
    done_reason: "length",
    ...(asked.withContext && { context }),
    ...figures(loaded, answer),
  };
  if (keepAlive === 0) call.runners.unload(loaded.weightsDigest);
  if (!streamed) return sendJson(call, last);
  sendLine(call, last);
  call.response.end();
}

function sendUnloaded(call: Call, asked: Asked): void {
  call.runners.unload(asked.model.weightsDigest ?? "");
  sendDone(call, asked, "unload");
}

function sendDone(call: Call, asked: Asked, reason: "load" | "unload"): void {
  sendJson(call, { ...piece(asked, ""), done: true, done_reason: reason });
}

function piece({ request, wrap }: Asked, text: string): object {
  return { model: request.model, created_at: new Date().toISOString(), ...wrap(text) };
}
