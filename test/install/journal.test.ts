import { readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HostError } from "../../src/core/errors.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import type { JournalStep } from "../../src/install/journal-step.ts";
import { Journal } from "../../src/install/journal.ts";
import { inTransaction } from "../../src/install/transaction.ts";
import { canMount, smallFileSystem } from "../staging/small-file-system.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const head = {
  installation: "i1",
  tool: { name: "ollama-bundle", version: "0.0.0" },
  bundle: { name: "b", id: "0".repeat(64) },
  startedAt: "2026-01-02T03:04:05.000Z",
};
const container = (name: string): JournalStep => ({ kind: "container", name });

async function stepsOn(disk: string): Promise<unknown> {
  const { steps } = JSON.parse(await readFile(disk, "utf8")) as { steps: unknown };
  return steps;
}

test("a step is on disk before it begins", async () => {
  await using directory = await temporaryDirectory();
  const journal = await Journal.begin(join(directory.path, "i1"), head);
  await journal.add(container("a"));
  await journal.add({ kind: "image", name: "x:1", existed: true });
  expect(await stepsOn(journal.path)).toEqual([
    { kind: "container", name: "a" },
    { kind: "image", name: "x:1", existed: true },
  ]);
});

test("steps are undone from the last to the first, and then nothing is left", async () => {
  await using directory = await temporaryDirectory();
  const journal = await Journal.begin(join(directory.path, "i1"), head);
  for (const name of ["a", "b", "c"]) await journal.add(container(name));
  const undone: JournalStep[] = [];
  const failures = await journal.undo(async (step) => void undone.push(step));
  expect(undone).toEqual(["c", "b", "a"].map(container));
  expect(failures).toEqual([]);
  expect(await readdir(directory.path)).toEqual([]);
});

test("what cannot be undone stays in the journal, and the rest is undone all the same", async () => {
  await using directory = await temporaryDirectory();
  const journal = await Journal.begin(join(directory.path, "i1"), head);
  for (const name of ["a", "b", "c"]) await journal.add(container(name));
  const failures = await journal.undo(async (step) => {
    if (step.kind === "container" && step.name === "b") throw new Error("held");
  });
  expect(failures).toEqual([new Error("held")]);
  expect(await stepsOn(journal.path)).toEqual([container("b")]);
});

test("the error of the work is the one that is thrown, and what could not be undone is a warning with the journal's path", async () => {
  await using directory = await temporaryDirectory();
  const events: ProgressEvent[] = [];
  const failed = new Error("the work failed");
  const run = inTransaction(
    {
      directory: join(directory.path, "i1"),
      head,
      installation: "i1",
      keeps: () => false,
      onProgress: (event) => events.push(event),
    },
    async (journal) => {
      await journal.add(container("a"));
      throw failed;
    },
  );
  await expect(run).rejects.toBe(failed);
  expect(events).toContainEqual({
    kind: "warning",
    text: expect.stringContaining(join(directory.path, "i1", "journal.json")),
  });
});

test("a journal that is gone when all is to be undone does not hide the error of the work", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "i1");
  const events: ProgressEvent[] = [];
  const failed = new Error("the work failed");
  const onProgress = (event: ProgressEvent): void => void events.push(event);
  const transaction = { directory: path, head, installation: "i1", keeps: () => false, onProgress };
  const run = inTransaction(transaction, async (journal) => {
    await journal.add(container("a"));
    await rm(path, { recursive: true });
    throw failed;
  });
  await expect(run).rejects.toBe(failed);
  expect(events).toContainEqual({
    kind: "warning",
    text: expect.stringContaining("Cannot keep a journal"),
  });
});

test("what is kept for a look keeps its journal", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "i1");
  const transaction = { directory: path, head, installation: "i1", keeps: () => true };
  const run = inTransaction(transaction, async (journal) => {
    await journal.add(container("a"));
    throw new Error("not healthy");
  });
  await expect(run).rejects.toThrow("not healthy");
  expect(await stepsOn(join(path, "journal.json"))).toEqual([container("a")]);
});

test("a journal that cannot be written ends the installation before it begins", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "file");
  await writeFile(file, "");
  const begun = Journal.begin(join(file, "i1"), head);
  await expect(begun).rejects.toThrow(HostError);
  await expect(begun).rejects.toMatchObject({ hint: expect.stringContaining("XDG_STATE_HOME") });
});

test("nobody else may read a journal", async () => {
  await using directory = await temporaryDirectory();
  const journal = await Journal.begin(join(directory.path, "i1"), head);
  expect((await stat(journal.path)).mode & 0o777).toBe(0o600);
});

test.runIf(canMount)(
  "a state directory that cannot be written is told as what it is, with what helps",
  async () => {
    await using disk = await smallFileSystem(1_000_000);
    const begun = (home: string) => Journal.begin(join(disk.path, home, "ollama-bundle"), head);
    await writeFile(join(disk.path, "filler"), Buffer.alloc(2_000_000)).catch(() => undefined);
    await expect(begun("one")).rejects.toMatchObject({
      code: "NO_SPACE",
      message: expect.stringContaining("no space is left there"),
      hint: expect.stringMatching(/^Free some space there, or set XDG_STATE_HOME/),
    });
    await disk.makeReadOnly();
    await expect(begun("two")).rejects.toMatchObject({
      code: "NO_RIGHTS",
      message: expect.stringContaining("read-only file system"),
      hint: expect.stringMatching(/^Set XDG_STATE_HOME to a directory that this user may write/),
    });
  },
);
