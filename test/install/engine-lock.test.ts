import { expect, test } from "vitest";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { lockEngine } from "../../src/install/engine-lock.ts";
import { volumesEngine } from "./volumes-engine.ts";

const now = new Date("2026-01-02T03:04:05Z");

test("an engine that dies while it is locked hides no error of the work, and how to unlock it is a warning", async () => {
  await using here = await volumesEngine();
  const events: ProgressEvent[] = [];
  const failed = new Error("the work failed");
  const work = async (): Promise<never> => {
    const onProgress = (event: ProgressEvent): void => void events.push(event);
    await using _lock = await lockEngine(here.engine, { installation: "i1", now }, { onProgress });
    here.die();
    throw failed;
  };
  await expect(work()).rejects.toBe(failed);
  expect(events).toEqual([
    {
      kind: "warning",
      text: expect.stringMatching(/^The engine at unix:.* docker volume rm ollama-bundle-lock$/),
    },
  ]);
});
