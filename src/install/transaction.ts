import { messageOf } from "../core/errors.ts";
import type { OnProgress } from "../core/progress.ts";
import { Journal, type JournalHead } from "./journal.ts";
import { type UndoContext, undoStep } from "./undo-step.ts";

export interface Transaction extends UndoContext {
  /** Where the journal is kept. */
  readonly directory: string;
  readonly head: JournalHead;
  /** Whether what was done is to stay for a look after this error. */
  readonly keeps: (error: unknown) => boolean;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Does work whose every step is in the journal before it begins, and when it fails undoes all of it, the last step first. The
 * work closes the journal when nothing is to be undone any more. What cannot be undone is told as a warning; the error stays
 * that of the work.
 */
export async function inTransaction<T>(
  transaction: Transaction,
  work: (journal: Journal) => Promise<T>,
): Promise<T> {
  const journal = await Journal.begin(transaction.directory, transaction.head);
  try {
    return await work(journal);
  } catch (error) {
    if (!transaction.keeps(error)) await undoAll(transaction, journal);
    throw error;
  }
}

async function undoAll(transaction: Transaction, journal: Journal): Promise<void> {
  const { onProgress } = transaction;
  onProgress?.({ kind: "step", text: "Undoing what was done" });
  const failures = await journal.undo((step) => undoStep(transaction, step));
  for (const failure of failures) {
    onProgress?.({
      kind: "warning",
      text: `Not everything could be undone: ${messageOf(failure)} (the journal is "${journal.path}")`,
    });
  }
}
