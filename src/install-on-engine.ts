import { connectEngine } from "./engine/connect-engine.ts";
import type { HealthReport } from "./health/health-report.ts";
import { bringContent } from "./install/bring-content.ts";
import { lockEngine } from "./install/engine-lock.ts";
import {
  type EngineRun,
  asideNameOf,
  buildStep,
  didOnEngine,
  removeReplaced,
  runStep,
  targetOf,
} from "./install/engine-steps.ts";
import { readEngineNames } from "./install/install-options.ts";
import { transactionOf } from "./install/installation.ts";
import type { EnginePlace } from "./install/models-place.ts";
import { planOnEngine } from "./install/plan-on-engine.ts";
import { serverUrl } from "./install/run-container.ts";
import { removeOldBlobs, removeOthers } from "./install/settle-models.ts";
import { lockStore } from "./install/store/store-lock.ts";
import { removeLeftTemporaries } from "./install/store/store-temporary.ts";
import { assertNoDelta } from "./install/site/suitable.ts";
import { inTransaction } from "./install/transaction.ts";
import { explainUnhealthyContainer } from "./install/unhealthy-container.ts";
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

/** Installs a bundle as a container. */
export async function installOnEngine(run: Run, place: EnginePlace): Promise<InstallReport> {
  const { options, bundle, pool, work, env } = run;
  if (place.kind === "image") assertNoDelta(bundle.manifest);
  const names = readEngineNames(options, bundle.manifest.name);
  const engine = options.engine ?? (await connectEngine({ env, signal: work.signal }));
  const install = { engine, bundle, ...asked(run, place.kind), names, place, pool };
  if (options.dryRun === true) return planned(run, (await planOnEngine(install, work)).plan);

  await using _lock = await lockEngine(engine, { installation: run.id, now: run.now() }, work);
  const found = await planOnEngine(install, work);
  await using _directory = found.store && (await lockStore(found.store, run.id, run.now()));
  if (found.store !== undefined) await removeLeftTemporaries(found.store, work);
  tellPlan(run, found.plan);
  return await inTransaction(transactionOf(run, engine), async (journal) => {
    const on: EngineRun = { ...install, planned: found, journal, installation: run.id };
    const target = targetOf(on);
    const written = await bringContent(on, target, work);
    await checkRest(run, { withImage: true });
    await target.writeManifests(work);
    await buildStep(on, work);
    await runStep(on, work);
    const health = await proveContainer(run, on);
    await removeOthers(target, install, written.before);
    const { blobs } = written;
    const report = await conclude(run, {
      journal,
      health,
      plan: found.plan,
      blobs,
      did: didOnEngine(on),
    });
    await removeReplaced(on, work);
    await removeOldBlobs(target, written, work);
    return report;
  });
}

function proveContainer(run: Run, on: EngineRun): Promise<HealthReport> {
  const { engine, names } = on;
  const kept = { keep: run.keepOnFailure, before: asideNameOf(on) };
  const hint = () => explainUnhealthyContainer(engine, names.container, kept);
  return prove(run, new URL(serverUrl(engine, names.publish)), { isStarting: true, hint });
}
