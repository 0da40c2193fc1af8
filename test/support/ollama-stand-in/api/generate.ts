import type { Call } from "./call.ts";
import { keepAliveOf } from "./keep-alive.ts";
import { requestBody, textField } from "./request-body.ts";
import { requireModel } from "./require-model.ts";
import { sendAnswer } from "./send-answer.ts";

export async function answerGenerate(call: Call): Promise<void> {
  const request = requestBody(call, "GenerateRequest");
  keepAliveOf(call, request);
  const model = await requireModel(call, request, "generate");
  const prompt = textField(request, "prompt");
  const system = textField(request, "system");
  const question = { prompt, ...(system !== "" && { system }) };
  await sendAnswer(call, {
    request,
    model,
    question: prompt === "" ? undefined : question,
    wrap: (response) => ({ response }),
    withContext: true,
  });
}
