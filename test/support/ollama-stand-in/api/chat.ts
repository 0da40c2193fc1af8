import { answerText } from "../runner/answer-text.ts";
import { loadModel } from "../runner/load-model.ts";
import type { Call } from "./call.ts";
import { keepAliveOf } from "./keep-alive.ts";
import { requestBody, type RequestBody } from "./request-body.ts";
import { requireModel } from "./require-model.ts";
import { sendPlainJson } from "./respond.ts";
import { sendAnswer } from "./send-answer.ts";

interface Message {
  readonly role?: string;
  readonly content?: string;
}

export async function answerChat(call: Call): Promise<void> {
  const request = requestBody(call, "ChatRequest");
  keepAliveOf(call, request);
  const model = await requireModel(call, request, "chat");
  await sendAnswer(call, {
    request,
    model,
    question: messagesOf(request).length === 0 ? undefined : questionOf(request),
    wrap: (content) => ({ message: { role: "assistant", content } }),
    withContext: false,
  });
}

/** Chat of the OpenAI-compatible interface, not streamed. */
export async function answerOpenAiChat(call: Call): Promise<void> {
  const request = requestBody(call, "ChatCompletionRequest");
  const model = await requireModel(call, request, "chat");
  const options = { num_predict: request["max_tokens"], seed: request["seed"] };
  const loaded = loadModel(call, model, {});
  const answer = await answerText(call, loaded, { ...questionOf(request), options });
  const message = { role: "assistant", content: answer.text };
  const [prompt, completion] = [answer.promptTokens.length, answer.tokens.length];
  sendPlainJson(call, {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    system_fingerprint: "fp_ollama",
    choices: [{ index: 0, message, finish_reason: "length" }],
    usage: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
    },
  });
}

/** The last word of the user, under the last word of the system. */
function questionOf(request: RequestBody): { prompt: string; system?: string } {
  const last = (role: string) =>
    messagesOf(request).findLast((message) => message.role === role)?.content;
  const system = last("system");
  return { prompt: last("user") ?? "", ...(system !== undefined && { system }) };
}

function messagesOf(request: RequestBody): readonly Message[] {
  return Array.isArray(request["messages"]) ? request["messages"] : [];
}
