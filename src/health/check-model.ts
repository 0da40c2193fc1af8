import { explainProblem, textOf } from "./explain-problem.ts";
import type { ExpectedModel, Finding } from "./health-report.ts";
import { type Problem, showAnswer } from "./ollama-answers.ts";
import { processorOf, runningModel, unload } from "./running-models.ts";
import { shownName } from "./same-model.ts";
import { type Trial, trialFor } from "./trial.ts";
import { type Visit, ask } from "./visit.ts";

interface Shown {
  readonly capabilities: readonly string[];
  readonly problem?: Problem;
}

/**
 * Has the model generate or embed: listings and sums cannot show that a server finds and can run it. It is unloaded
 * afterwards, unless it was in use before.
 */
export async function checkModel(visit: Visit, model: ExpectedModel): Promise<Finding> {
  const name = shownName(model.name);
  const isInUse = (await runningModel(visit, name)) !== undefined;
  const shown = await show(visit, name, model);
  const trial = trialFor(name, shown.capabilities, { isInUse });
  const answer = await ask(visit, trial);
  if (!answer.ok) {
    if (answer.problem.kind === "timedOut" && !isInUse) await unload(visit, name, trial);
    return notProven({ name, trial, problem: answer.problem, shown });
  }
  const running = await runningModel(visit, name);
  if (!isInUse) await unload(visit, name, trial);
  const processor = running && processorOf(running);
  return { ...proven(name, trial, answer.value), ...(processor !== undefined && { processor }) };
}

/** `/api/show` decides what to try. Where it fails the trial still tells more, so the bundle's word is taken. */
async function show(visit: Visit, name: string, { capabilities }: ExpectedModel): Promise<Shown> {
  const answer = await ask(visit, { path: "/api/show", body: { model: name }, shape: showAnswer });
  if (!answer.ok) return { capabilities, problem: answer.problem };
  return { capabilities: answer.value.capabilities ?? capabilities };
}

function proven(name: string, { check }: Trial, did: string): Finding {
  if (check !== "load") return { check, model: name, result: "ok", detail: did };
  const detail = "it was loaded; there is no trial for what it does";
  return { check, model: name, result: "warning", detail };
}

interface NotProven {
  readonly name: string;
  readonly trial: Trial;
  readonly problem: Problem;
  readonly shown: Shown;
}

function notProven({ name, trial, problem, shown }: NotProven): Finding {
  const { detail, isLimit } = explainProblem(problem);
  const also = shown.problem !== undefined && shown.problem.text !== problem.text;
  return {
    check: trial.check,
    model: name,
    result: isLimit ? "warning" : "failed",
    detail: also && shown.problem ? `${detail}; asked about it, ${textOf(shown.problem)}` : detail,
  };
}
