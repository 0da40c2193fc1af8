import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { lockEngine } from "../../src/install/engine-lock.ts";
import { type VolumesEngine, volumesEngine } from "./volumes-engine.ts";

const LOCK = "ollama-bundle-lock";

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

test("while one holds the lock others are refused, and told who it is", async () => {
  await using here = await volumesEngine();
  {
    await using _lock = await locked(here, "i1");
    await expect(locked(here, "i2")).rejects.toMatchObject({
      code: "LOCKED",
      message: `Cannot install on the engine at ${here.engine.address}: process ${process.pid} on ${hostname()} is installing there since 2026-01-02T03:04:05.000Z`,
      hint: expect.stringContaining(`docker volume rm ${LOCK}`),
    });
  }
  expect([...here.volumes]).toEqual([]);
});

test("the lock of one that was killed on this host is taken over, by one of all that come upon it", async () => {
  await using here = await volumesEngine();
  here.volumes.set(LOCK, labelsOf("killed", nameOfDeadProcess()));
  const attempts = ["i1", "i2", "i3", "i4", "i5"].map((installation) => locked(here, installation));
  const outcomes = await Promise.allSettled(attempts);
  const held = outcomes.filter((outcome) => outcome.status === "fulfilled");
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(held).toHaveLength(1);
  expect(refused.map(({ reason }) => reason as unknown)).toEqual(
    refused.map(() => expect.objectContaining({ code: "LOCKED" })),
  );
  expect([...here.volumes.keys()]).toEqual([LOCK]);
  await held[0]?.value[Symbol.asyncDispose]();
  expect([...here.volumes]).toEqual([]);
});

test("one that was killed while it took over is taken over too", async () => {
  await using here = await volumesEngine();
  const dead = nameOfDeadProcess();
  here.volumes.set(LOCK, labelsOf("killed", dead));
  here.volumes.set(`${LOCK}-after-killed`, labelsOf("heir", dead));
  await using _lock = await locked(here, "i1");
  expect([...here.volumes.keys()]).toEqual([LOCK]);
});

test.each([{ owner: "0123456789ab-1-1" }, { owner: undefined }])(
  "a lock of a process that cannot be asked here ($owner) stays",
  async ({ owner }) => {
    await using here = await volumesEngine();
    here.volumes.set(LOCK, labelsOf("elsewhere", owner));
    await expect(locked(here, "i1")).rejects.toMatchObject({ code: "LOCKED" });
    expect([...here.volumes.keys()]).toEqual([LOCK]);
  },
);

function locked({ engine }: VolumesEngine, installation: string): Promise<AsyncDisposable> {
  return lockEngine(engine, { installation, now }, {});
}

function labelsOf(installation: string, owner: string | undefined): Record<string, string> {
  const labels = { "ollama-bundle.installation": installation };
  return owner === undefined ? labels : { ...labels, "ollama-bundle.owner": owner };
}

/** As a process of this host calls itself that has ended by now. */
function nameOfDeadProcess(): string {
  const module = new URL("../../src/core/process-owner.ts", import.meta.url).href;
  const script = `import { thisProcess } from "${module}"; process.stdout.write(thisProcess());`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
}
