import { formatCount } from "../core/format-count.ts";
import { shortId } from "../core/short-id.ts";
import { explainProblem, textOf } from "./explain-problem.ts";
import type { ExpectedModel, Finding } from "./health-report.ts";
import { type ListedModel, showAnswer, tagsAnswer } from "./ollama-answers.ts";
import { comparableName, shownName } from "./same-model.ts";
import { type Checked, type Visit, ask } from "./visit.ts";

export type Listing = ReadonlyMap<string, ListedModel>;

/** What the server lists, as a set: models with the same second of modification come in random order. */
export async function checkListing(visit: Visit): Promise<Checked<Listing>> {
  const answer = await ask(visit, { path: "/api/tags", shape: tagsAnswer });
  if (!answer.ok) {
    const { text } = answer.problem;
    const detail = /no such file or directory/i.test(text)
      ? `a link in the store leads nowhere, and that hides every model (${textOf(answer.problem)})`
      : explainProblem(answer.problem).detail;
    return { finding: { check: "list", result: "failed", detail } };
  }
  const models = answer.value.models ?? [];
  return {
    finding: { check: "list", result: "ok", detail: counted(models) },
    value: new Map(models.map((model) => [comparableName(model.name), model])),
  };
}

/** Whether it is listed with exactly the manifest's digest and size. This says nothing about its weights. */
export async function checkListed(
  visit: Visit,
  model: ExpectedModel,
  listing: Listing,
): Promise<Finding> {
  const name = shownName(model.name);
  const listed = listing.get(comparableName(model.name));
  const detail =
    listed === undefined ? await whyNotListed(visit, name) : differenceFrom(listed, model);
  if (detail !== undefined) return { check: "listed", model: name, result: "failed", detail };
  return {
    check: "listed",
    model: name,
    result: "ok",
    detail: `digest ${shortId(model.digest)}, ${inBytes(model.size)}`,
  };
}

function counted(models: readonly ListedModel[]): string {
  const remote = models.filter((model) => model.remote_host !== undefined).length;
  const count = models.length === 1 ? "1 model" : `${models.length} models`;
  return remote === 0 ? count : `${count}, ${remote} of them in Ollama's cloud and not tried`;
}

function differenceFrom(listed: ListedModel, expected: ExpectedModel): string | undefined {
  if (listed.digest !== expected.digest) {
    return `another model has this name: digest ${shortId(listed.digest)}, expected ${shortId(expected.digest)}`;
  }
  if (listed.size !== expected.size)
    return `it has ${inBytes(listed.size)}, expected ${inBytes(expected.size)}`;
  const { modifiedAt } = expected;
  if (modifiedAt === undefined || modifiedAt === millisecondsOf(listed)) return undefined;
  return `the server has it from elsewhere: its manifest is of ${listed.modified_at ?? "an unknown time"}, expected ${new Date(modifiedAt).toISOString()}`;
}

/** Ollama writes nanoseconds and its own time zone. */
function millisecondsOf({ modified_at: time = "" }: ListedModel): number {
  return Date.parse(time);
}

/** A model that has a manifest and is not listed answers `/api/show` with the reason. */
async function whyNotListed(visit: Visit, name: string): Promise<string> {
  const shown = await ask(visit, { path: "/api/show", body: { model: name }, shape: showAnswer });
  if (shown.ok) return "it is not listed, but it is there";
  const isAbsent = shown.problem.status === 404;
  return `it is not listed: ${isAbsent ? `its manifest or config is missing (${textOf(shown.problem)})` : explainProblem(shown.problem).detail}`;
}

function inBytes(size: number): string {
  return `${formatCount(size)} bytes`;
}
