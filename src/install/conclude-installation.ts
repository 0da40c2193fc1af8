import type { BundledFile } from "../bundle/models-json.ts";
import type { InstallPlan } from "./install-plan.ts";
import type { Journal } from "./journal.ts";
import { type Receipt, writeReceipt } from "./receipt.ts";

/** What an installation did, for its receipt. */
export interface Outcome {
  readonly plan: InstallPlan;
  /** The engine, its images, container and volume; or the store. */
  readonly did: Partial<Receipt>;
  /** New in the volume or store. */
  readonly blobs: readonly BundledFile[];
  readonly health: Receipt["health"];
  readonly warnings: readonly string[];
  readonly finishedAt: Date;
}

/** Writes the receipt and returns its path; from then on nothing is undone any more. */
export async function concludeInstallation(
  journal: Journal,
  { plan, did, blobs, health, warnings, finishedAt }: Outcome,
): Promise<string> {
  const { installation, tool, bundle, startedAt } = journal.head;
  const receipt = await writeReceipt(journal.directory, {
    installation,
    tool,
    bundle,
    modelsIn: plan.modelsIn,
    startedAt,
    finishedAt: finishedAt.toISOString(),
    ...did,
    models: plan.models.map(({ name, digest, size }) => ({ name, digest, size })),
    blobs: blobs.map(({ sha256, size }) => ({ sha256, size })),
    health,
    warnings: [...warnings],
  });
  await journal.close();
  return receipt;
}
