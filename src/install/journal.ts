import { rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeDirectory, writeFileWhole } from "../core/files.ts";
import { type JournalStep, journalStep } from "./journal-step.ts";
import { onStateDisk } from "./state-disk.ts";

const JOURNAL_VERSION = 1;

const journalShape = z.object({
  schemaVersion: z.literal(JOURNAL_VERSION),
  installation: z.string(),
  tool: z.object({ name: z.string(), version: z.string() }),
  bundle: z.object({ name: z.string(), id: z.string() }),
  /** The engine's address; missing where none is used. */
  engine: z.string().optional(),
  /** ISO 8601 */
  startedAt: z.string(),
  steps: z.array(journalStep),
});

type JournalContent = z.infer<typeof journalShape>;
export type JournalHead = Omit<JournalContent, "schemaVersion" | "steps">;

/**
 * What an installation is about to do, on disk before it is done: `journal.json` in the installation's directory, there for as
 * long as something may have to be undone. Each step says by names chosen beforehand how it is undone.
 */
export class Journal {
  readonly directory: string;
  readonly head: JournalHead;
  readonly #steps: JournalStep[] = [];
  #written: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, head: JournalHead) {
    this.directory = directory;
    this.head = head;
  }

  /** Throws {@link HostError} where the directory cannot be written. */
  static async begin(directory: string, head: JournalHead): Promise<Journal> {
    const journal = new Journal(directory, head);
    await writing(directory, () => makeDirectory(directory, 0o700));
    await journal.#write();
    return journal;
  }

  get path(): string {
    return join(this.directory, "journal.json");
  }

  /** Resolves when the step is on disk: only then may it be begun. */
  async add(step: JournalStep): Promise<void> {
    this.#steps.push(step);
    await this.#write();
  }

  /** Undoes every step, the last first. What cannot be undone stays in the journal; why is returned. */
  async undo(undoStep: (step: JournalStep) => Promise<void>): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    for (const step of this.#steps.toReversed()) {
      try {
        await undoStep(step);
        this.#steps.splice(this.#steps.indexOf(step), 1);
      } catch (error) {
        failures.push(error);
      }
    }
    const kept = failures.length === 0 ? this.close() : this.#write();
    await kept.catch((error: unknown) => failures.push(error));
    return failures;
  }

  /** Nothing is to be undone any more. The directory goes too, where nothing else is in it. */
  async close(): Promise<void> {
    await writing(this.directory, () => rm(this.path, { force: true }));
    await rmdir(this.directory).catch(() => undefined);
  }

  /** One after the other: steps that begin at the same time would write over one another. */
  async #write(): Promise<void> {
    const written = this.#written.then(() => this.#writeNow());
    this.#written = written.catch(() => undefined);
    await written;
  }

  async #writeNow(): Promise<void> {
    const content: JournalContent = {
      schemaVersion: JOURNAL_VERSION,
      ...this.head,
      steps: this.#steps,
    };
    await writing(this.directory, () =>
      writeFileWhole(this.path, `${JSON.stringify(content, undefined, 2)}\n`, 0o600),
    );
  }
}

function writing(directory: string, work: () => Promise<unknown>): Promise<unknown> {
  return onStateDisk(`Cannot keep a journal in "${directory}"`, work);
}
