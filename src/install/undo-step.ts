import { HostError } from "../core/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { emptyStore } from "./store/empty-store.ts";
import { LABEL } from "./installation-id.ts";
import type { JournalStep, StepOf } from "./journal-step.ts";
import { undoVolumeFiles } from "./volume/undo-volume-files.ts";

export interface UndoContext {
  /** Missing where none was used. */
  readonly engine?: Engine | undefined;
  readonly installation: string;
}

/**
 * Undoes one step, however far it came, also when that was done before. By names alone; what got such a name from someone else
 * in the meantime is left alone, which its labels tell.
 */
export async function undoStep(
  { engine, installation }: UndoContext,
  step: JournalStep,
): Promise<void> {
  if (step.kind === "storeFiles") return emptyStore(step);
  if (engine === undefined)
    throw new HostError("IO", `Cannot undo the step "${step.kind}" without a container engine`);
  switch (step.kind) {
    case "image":
      return undoImage(engine, step);
    case "replacedContainer":
      return putBackContainer(engine, step);
    case "container":
      return isOurs(await engine.container(step.name), installation)
        ? engine.removeContainer(step.name)
        : undefined;
    case "volume":
      return isOurs(await engine.volume(step.name), installation)
        ? engine.removeVolume(step.name)
        : undefined;
    case "volumeFiles":
      return undoVolumeFiles({ engine, installation }, step);
  }
}

async function undoImage(engine: Engine, step: StepOf<"image">): Promise<void> {
  const { name, existed, previous } = step;
  if (existed) return;
  if (previous === undefined) return engine.removeImage(name);
  const now = await engine.image(name);
  if (now?.id === previous) return;
  await engine.tag(previous, name);
  if (now !== undefined) await engine.removeImage(now.id);
}

/** Whatever became of it: it may have its own name still. */
async function putBackContainer(
  engine: Engine,
  { name, aside, id, wasRunning }: StepOf<"replacedContainer">,
): Promise<void> {
  if ((await engine.container(aside))?.id === id) await engine.renameContainer(aside, name);
  if (wasRunning && (await engine.container(name))?.id === id) await engine.startContainer(name);
}

function isOurs(
  found: { readonly labels: Readonly<Record<string, string>> } | undefined,
  installation: string,
): boolean {
  return found?.labels[LABEL.installation] === installation;
}
