import type { HealthReport } from "./health/health-report.ts";
import { DEFAULT_SERVER_URL, parseServerUrl } from "./health/server-url.ts";
import { transactionOf } from "./install/installation.ts";
import { withManifestTimes } from "./install/store/manifest-times.ts";
import { storeTarget } from "./install/store/models-into-store.ts";
import { planInStore } from "./install/store/plan-in-store.ts";
import { removeOldBlobs, removeOthers } from "./install/settle-models.ts";
import { lockStore } from "./install/store/store-lock.ts";
import { removeLeftTemporaries, temporaryDirectoryOf } from "./install/store/store-temporary.ts";
import { type Store, openStore } from "./install/store/store.ts";
import { inTransaction } from "./install/transaction.ts";
import {
  type InstallReport,
  type Run,
  asked,
  checkRest,
  conclude,
  planned,
  prove,
  tellPlan,
} from "./install-run.ts";

/** Installs the models of a bundle into the store of an Ollama on this host. */
export async function installIntoStore(run: Run, directory: string): Promise<InstallReport> {
  const { options, bundle, pool, selection, work } = run;
  const url = parseServerUrl(options.ollamaUrl ?? DEFAULT_SERVER_URL);
  const store = await openStore(directory);
  await using _lock =
    options.dryRun === true ? undefined : await lockStore(store, run.id, run.now());
  if (options.dryRun !== true) await removeLeftTemporaries(store, work);
  const install = { bundle, ...asked(run, "native"), store, pool, platform: options.platform };
  const plan = await planInStore(install, work);
  if (!run.keepOnFailure) await assertAnswers(run, url);
  if (options.dryRun === true) return planned(run, plan);

  tellPlan(run, plan);
  return await inTransaction(transactionOf(run), async (journal) => {
    const temporary = temporaryDirectoryOf(run.id);
    const target = storeTarget({ bundle, pool, selection, store, journal, temporary });
    const written = await target.writeBlobs(work);
    await checkRest(run, { withImage: false });
    await target.writeManifests(work);
    const health = await proveStore(run, url, store);
    await removeOthers(target, install, written.before);
    const { blobs } = written;
    const report = await conclude(run, {
      journal,
      health,
      plan,
      blobs,
      did: { store: store.root },
    });
    await removeOldBlobs(target, written, work);
    return report;
  });
}

/** Before gigabytes are copied: a server that is not there now will not serve them. */
async function assertAnswers(run: Run, url: URL): Promise<void> {
  const hint =
    "Start that Ollama, or give its address with --ollama-url. To only copy the models, add --keep-on-failure.";
  await prove(run, url, { models: [], hint: () => hint });
}

async function proveStore(run: Run, url: URL, store: Store): Promise<HealthReport> {
  const hint = (report: HealthReport) =>
    `See that the Ollama at ${report.url} uses this store (OLLAMA_MODELS where it starts), and may read it.`;
  return prove(run, url, { models: await withManifestTimes(store, run.selection.models), hint });
}
