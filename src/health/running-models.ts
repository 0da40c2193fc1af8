import { setTimeout as delay } from "node:timers/promises";
import { type RunningModel, psAnswer } from "./ollama-answers.ts";
import { comparableName } from "./same-model.ts";
import type { Trial } from "./trial.ts";
import { type Visit, ask } from "./visit.ts";

const UNLOAD_SECONDS = 30;
const PAUSE = 50;

/** The loaded model of this name, as `/api/ps` tells. Tags that share weights share a runner, named by the first one only. */
export async function runningModel(visit: Visit, name: string): Promise<RunningModel | undefined> {
  const answer = await ask(visit, { path: "/api/ps", shape: psAnswer });
  if (!answer.ok) return undefined;
  const wanted = comparableName(name);
  return answer.value.models?.find((model) => comparableName(model.name) === wanted);
}

/** `CPU`, `GPU` or `42% GPU`, from how much of the model is in a GPU's memory. */
export function processorOf({ size, size_vram: inGpu }: RunningModel): string | undefined {
  if (size <= 0) return undefined;
  if (inGpu <= 0) return "CPU";
  if (inGpu >= size) return "GPU";
  return `${Math.min(Math.max(Math.round((100 * inGpu) / size), 1), 99)}% GPU`;
}

/** Unloads and waits until it is gone, so that two models never need memory at once: `/api/ps` forgets it only a moment later. */
export async function unload(visit: Visit, name: string, trial: Trial): Promise<void> {
  const brief = { ...visit, timeoutSeconds: Math.min(visit.timeoutSeconds, UNLOAD_SECONDS) };
  await ask(brief, { ...trial.unload, shape: psAnswer });
  const end = performance.now() + UNLOAD_SECONDS * 1000;
  while ((await runningModel(brief, name)) !== undefined) {
    if (performance.now() > end) {
      visit.onProgress?.({
        kind: "note",
        text: `"${name}" is still loaded ${UNLOAD_SECONDS} s after it was told to go`,
      });
      return;
    }
    await delay(PAUSE);
  }
}
