import { BundleReader } from "./bundle/bundle-reader.ts";
import { findBundle } from "./bundle/find-bundle.ts";
import { assertComplete } from "./bundle/part-set.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { type WorkOptions, keepingWarnings } from "./core/progress.ts";
import { connectEngine } from "./engine/connect-engine.ts";
import type { Engine } from "./engine/engine.ts";
import type { HealthReport } from "./health/health-report.ts";
import { healthWarnings, summarizeHealth } from "./health/health-summary.ts";
import { type ProveServerOptions, proveServer } from "./health/prove-server.ts";
import { DEFAULT_SERVER_URL, parseServerUrl } from "./health/server-url.ts";
import { type Outcome, concludeInstallation } from "./install/conclude-installation.ts";
import { lockEngine } from "./install/engine-lock.ts";
import {
  type EngineRun,
  blobsStep,
  buildStep,
  didOnEngine,
  loadStep,
  manifestsStep,
  runStep,
} from "./install/engine-steps.ts";
import { findNativeStore } from "./install/find-native-store.ts";
import { type InstallWishes, readEngineNames, readPlace } from "./install/install-options.ts";
import type { InstallPlan } from "./install/install-plan.ts";
import { type Installation, transactionOf } from "./install/installation.ts";
import { newInstallationId } from "./install/installation-id.ts";
import type { Journal } from "./install/journal.ts";
import { withManifestTimes } from "./install/manifest-times.ts";
import { storeTarget } from "./install/models-into-store.ts";
import type { EnginePlace } from "./install/models-place.ts";
import { planInStore } from "./install/plan-in-store.ts";
import { planOnEngine } from "./install/plan-on-engine.ts";
import { serverUrl } from "./install/run-container.ts";
import { selectModels } from "./install/select-models.ts";
import { lockStore } from "./install/store-lock.ts";
import { removeLeftTemporaries, temporaryDirectoryOf } from "./install/store-temporary.ts";
import { type Store, openStore } from "./install/store.ts";
import { inTransaction } from "./install/transaction.ts";
import { explainUnhealthyContainer } from "./install/unhealthy-container.ts";

export interface InstallOptions extends WorkOptions, InstallWishes {
  /** The bundle: a file, a part, a sidecar, a directory, or several of them. */
  readonly bundle: string | readonly string[];
  /** Names of models, as people type them; by default all are installed. */
  readonly only?: readonly string[] | undefined;
  /** How long the server may take to start, and again each of its answers. */
  readonly healthTimeoutSeconds?: number | undefined;
  /** When the server is not healthy, leave everything as it is, the container stopped. */
  readonly keepOnFailure?: boolean | undefined;
  /** Stop after the plan. */
  readonly dryRun?: boolean | undefined;
  /** Called with the plan before anything changes. */
  readonly onPlan?: ((plan: InstallPlan) => void) | undefined;
  /** Default: the first that answers (DOCKER_HOST, the usual sockets). */
  readonly engine?: Engine | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
  readonly platform?: NodeJS.Platform | undefined;
  readonly now?: (() => Date) | undefined;
}

export interface InstallReport {
  readonly plan: InstallPlan;
  /** These two are missing after a dry run. */
  readonly health?: HealthReport;
  /** Path of the receipt. */
  readonly receipt?: string;
  readonly warnings: readonly string[];
}

/** What was asked for, and one run of it. */
interface Run extends Installation {
  readonly options: InstallOptions;
  readonly now: () => Date;
}

/**
 * Installs a bundle, in one pass over it: as a container, or into the store of an Ollama on this host. When it fails,
 * everything that it did is undone, and what ran before still runs. Throws {@link BundleError}, {@link EngineError},
 * {@link HostError}, {@link HealthError}, or {@link DefinitionError} for options that make no sense.
 */
export async function installBundle(options: InstallOptions): Promise<InstallReport> {
  const { env = process.env, now = () => new Date(), keepOnFailure = false } = options;
  const place = await placeOf(options, env);
  const file = await findBundle(options.bundle);
  if (file.kind === "parts") assertComplete(file);
  await using pool = new ChunkPool();
  await using bundle = await BundleReader.open(file, pool);
  const selection = selectModels(bundle.manifest, options.only);
  const startedAt = now();
  const id = newInstallationId(startedAt);
  const told = keepingWarnings(options);
  const run = { options, now, id, startedAt, bundle, pool, selection, env, keepOnFailure, ...told };
  if (place.kind === "native") return await installIntoStore(run, place.store);
  return await installOnEngine(run, place);
}

/** The place that is wished for, with the store where Ollama runs natively. */
async function placeOf(
  options: InstallOptions,
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<EnginePlace | { readonly kind: "native"; readonly store: string }> {
  const place = readPlace(options);
  if (place.kind !== "native") return place;
  const { store, platform, onProgress } = options;
  if (store !== undefined) return { kind: "native", store };
  const { directory, because } = await findNativeStore({ env, platform });
  onProgress?.({ kind: "step", text: `Ollama's models are in "${directory}": ${because}` });
  return { kind: "native", store: directory };
}

async function installOnEngine(run: Run, place: EnginePlace): Promise<InstallReport> {
  const { options, bundle, selection, work, env } = run;
  const names = readEngineNames(options, bundle.manifest.name);
  const engine = options.engine ?? (await connectEngine({ env, signal: work.signal }));
  const install = { engine, bundle, selection, names, place };
  if (options.dryRun === true) return planned(run, (await planOnEngine(install, work)).plan);

  await using _lock = await lockEngine(engine, { installation: run.id, now: run.now() }, work);
  const found = await planOnEngine(install, work);
  await using _directory = found.store && (await lockStore(found.store, run.id, run.now()));
  if (found.store !== undefined) await removeLeftTemporaries(found.store, work);
  tellPlan(run, found.plan);
  return await inTransaction(transactionOf(run, engine), async (journal) => {
    const { pool, id: installation } = run;
    const on: EngineRun = { ...install, planned: found, journal, pool, installation };
    await loadStep(on, work);
    const blobs = await blobsStep(on, work);
    await bundle.checkRest(work);
    await manifestsStep(on, work);
    await buildStep(on, work);
    await runStep(on, work);
    const health = await proveContainer(run, on);
    return conclude(run, { journal, health, plan: found.plan, blobs, did: didOnEngine(on) });
  });
}

async function installIntoStore(run: Run, directory: string): Promise<InstallReport> {
  const { options, bundle, pool, selection, work } = run;
  const url = parseServerUrl(options.ollamaUrl ?? DEFAULT_SERVER_URL);
  const store = await openStore(directory);
  await using _lock =
    options.dryRun === true ? undefined : await lockStore(store, run.id, run.now());
  if (options.dryRun !== true) await removeLeftTemporaries(store, work);
  const plan = await planInStore({ bundle, selection, store, platform: options.platform });
  if (!run.keepOnFailure) await assertAnswers(run, url);
  if (options.dryRun === true) return planned(run, plan);

  tellPlan(run, plan);
  return await inTransaction(transactionOf(run), async (journal) => {
    const temporary = temporaryDirectoryOf(run.id);
    const target = storeTarget({ bundle, pool, selection, store, journal, temporary });
    const blobs = await target.writeBlobs(work);
    await bundle.checkRest(work);
    await target.writeManifests(work);
    const health = await proveStore(run, url, store);
    return conclude(run, { journal, health, plan, blobs, did: { store: store.root } });
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

function proveContainer(run: Run, { engine, names }: EngineRun): Promise<HealthReport> {
  const hint = () =>
    explainUnhealthyContainer(engine, names.container, { keep: run.keepOnFailure });
  return prove(run, new URL(serverUrl(engine, names.publish)), { isStarting: true, hint });
}

function prove(
  { options, selection, work }: Run,
  url: URL,
  how: ProveServerOptions,
): Promise<HealthReport> {
  const { models } = selection;
  return proveServer(url, {
    models,
    timeoutSeconds: options.healthTimeoutSeconds,
    ...work,
    ...how,
  });
}

interface Done extends Pick<Outcome, "plan" | "blobs" | "did"> {
  readonly journal: Journal;
  readonly health: HealthReport;
}

async function conclude(run: Run, { journal, health, ...done }: Done): Promise<InstallReport> {
  const warnings = [...run.warnings, ...healthWarnings(health)];
  const finishedAt = run.now();
  const outcome = { ...done, health: summarizeHealth(health), warnings, finishedAt };
  const receipt = await concludeInstallation(journal, outcome);
  return { plan: done.plan, health, receipt, warnings };
}

function planned(run: Run, plan: InstallPlan): InstallReport {
  tellPlan(run, plan);
  return { plan, warnings: run.warnings };
}

function tellPlan({ options, work }: Run, plan: InstallPlan): void {
  for (const text of plan.warnings) work.onProgress?.({ kind: "warning", text });
  options.onPlan?.(plan);
}
