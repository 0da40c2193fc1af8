import type { Finding } from "./health-report.ts";
import { statusAnswer } from "./ollama-answers.ts";
import { textOf } from "./explain-problem.ts";
import { type Visit, ask } from "./visit.ts";

/** Whether Ollama's cloud features are off. Before 0.16.2 there was nothing to switch off and no `/api/status`. */
export async function checkCloud(visit: Visit): Promise<Finding> {
  const answer = await ask(visit, { path: "/api/status", shape: statusAnswer });
  if (!answer.ok) {
    if (answer.problem.status === 404)
      return found("ok", "this Ollama does not say (older than 0.16.2)");
    return found("warning", `unknown: ${textOf(answer.problem)}`);
  }
  if (answer.value.cloud.disabled) return found("ok", "cloud features are off");
  return found("warning", "cloud features are on: set OLLAMA_NO_CLOUD=1 where the server starts");
}

function found(result: Finding["result"], detail: string): Finding {
  return { check: "cloud", result, detail };
}
