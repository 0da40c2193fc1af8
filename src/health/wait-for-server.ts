import type { OllamaClient, Outcome } from "../ollama/ollama-client.ts";
import { OLLAMA_RUNS, type WaitOptions, untilAnswered } from "../ollama/until-answered.ts";
import { explainProblem } from "./explain-problem.ts";
import type { Finding } from "./health-report.ts";
import { readBody } from "./ollama-answers.ts";

/** Asks `/` until the server says that it runs, for at most `timeoutSeconds`. */
export async function waitForServer(client: OllamaClient, options: WaitOptions): Promise<Finding> {
  const answer = await untilAnswered(client, options);
  return answer.kind === "none" ? failed(answer.why) : judge(answer);
}

function judge(outcome: Outcome): Finding {
  const body = readBody(outcome);
  if (!body.ok) {
    const hostRefused = body.problem.status === 403 && body.problem.text === "";
    return failed(
      hostRefused
        ? "the server answered 403: it accepts no requests for this host name"
        : explainProblem(body.problem).detail,
    );
  }
  if (body.value.startsWith(OLLAMA_RUNS)) {
    return { check: "server", result: "ok", detail: OLLAMA_RUNS };
  }
  return failed("something else than Ollama answers here");
}

function failed(detail: string): Finding {
  return { check: "server", result: "failed", detail };
}
