import { explainProblem } from "./explain-problem.ts";
import { versionAnswer } from "./ollama-answers.ts";
import { type Checked, type Visit, ask } from "./visit.ts";

/** Which Ollama it is. */
export async function checkVersion(visit: Visit): Promise<Checked<string>> {
  const answer = await ask(visit, { path: "/api/version", shape: versionAnswer });
  if (!answer.ok) {
    const { detail } = explainProblem(answer.problem);
    return { finding: { check: "version", result: "failed", detail } };
  }
  const { version } = answer.value;
  return {
    finding: { check: "version", result: "ok", detail: `Ollama ${version}` },
    value: version,
  };
}
