import { BundleReader } from "./bundle/bundle-reader.ts";
import type { BundledFile } from "./bundle/models-json.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { HealthError } from "./core/errors.ts";
import { type WorkOptions, keepingWarnings } from "./core/progress.ts";
import { TOOL } from "./core/tool.ts";
import { connectEngine } from "./engine/connect-engine.ts";
import type { Engine } from "./engine/engine.ts";
import { type CheckServerOptions, checkServer } from "./health/check-server.ts";
import type { HealthReport } from "./health/health-report.ts";
import { healthWarnings, summarizeHealth } from "./health/health-summary.ts";
import { DEFAULT_SERVER_URL, parseServerUrl } from "./health/server-url.ts";
import { UnhealthyError } from "./health/unhealthy-error.ts";
import { lockEngine } from "./install/engine-lock.ts";
import {
  type EngineRun,
  blobsStep,
  buildStep,
  loadStep,
  manifestsStep,
  runStep,
} from "./install/engine-steps.ts";
import { type InstallWishes, readEngineNames, readStoreWish } from "./install/install-options.ts";
import type { InstallPlan } from "./install/install-plan.ts";
import { newInstallationId } from "./install/installation-id.ts";
import type { Journal } from "./install/journal.ts";
import { writeStoreBlobs, writeStoreManifests } from "./install/models-into-store.ts";
import { planInStore } from "./install/plan-in-store.ts";
import { planOnEngine } from "./install/plan-on-engine.ts";
import { publishText } from "./install/publish-address.ts";
import { type Receipt, writeReceipt } from "./install/receipt.ts";
import { serverUrl } from "./install/run-container.ts";
import { type Selection, selectModels } from "./install/select-models.ts";
import { installationDirectory } from "./install/state-directory.ts";
import { openStore } from "./install/store.ts";
import { inTransaction } from "./install/transaction.ts";
import { explainUnhealthyContainer } from "./install/unhealthy-container.ts";

export interface InstallOptions extends WorkOptions, InstallWishes {
  /** Path of the bundle. */
  readonly bundle: string;
  /** Names of models, as people type them; by default all are installed. */
  readonly only?: readonly string[] | undefined;
  /** Where the Ollama that uses `store` answers; default `http://127.0.0.1:11434`. */
  readonly ollamaUrl?: string | undefined;
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

/** One run of install: what was asked for, and what is open for it. */
interface Installation {
  readonly id: string;
  readonly options: InstallOptions;
  readonly bundle: BundleReader;
  readonly pool: ChunkPool;
  readonly selection: Selection;
  readonly work: WorkOptions;
  readonly warnings: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly now: () => Date;
  readonly startedAt: string;
}

/**
 * Installs a bundle, in one pass over it: as a container, or into the store of an Ollama on this host. When it fails,
 * everything that it did is undone, and what ran before still runs. Throws {@link BundleError}, {@link EngineError},
 * {@link HostError}, {@link HealthError}, or {@link DefinitionError} for options that make no sense.
 */
export async function installBundle(options: InstallOptions): Promise<InstallReport> {
  const { env = process.env, now = () => new Date() } = options;
  const store = readStoreWish(options);
  await using pool = new ChunkPool();
  await using bundle = await BundleReader.open(options.bundle, pool);
  const selection = selectModels(bundle.manifest, options.only);
  const started = now();
  const installation: Installation = {
    options,
    bundle,
    pool,
    selection,
    env,
    now,
    ...keepingWarnings(options),
    id: newInstallationId(started),
    startedAt: started.toISOString(),
  };
  if (store !== undefined) return await installIntoStore(installation, store);
  return await installOnEngine(installation);
}

async function installOnEngine(installation: Installation): Promise<InstallReport> {
  const { options, bundle, selection, work, env } = installation;
  const modelsIn = options.modelsIn === "volume" ? "volume" : "image";
  const names = readEngineNames(options, bundle.manifest.name);
  const engine = options.engine ?? (await connectEngine({ env, signal: work.signal }));
  const install = { engine, bundle, selection, names, modelsIn } as const;
  if (options.dryRun === true)
    return planned(installation, (await planOnEngine(install, work)).plan);

  await using _lock = await lockEngine(engine, installation.id, installation.now());
  const plan = await planOnEngine(install, work);
  tellPlan(installation, plan.plan);
  return await transact(installation, engine, async (journal) => {
    const run: EngineRun = {
      ...install,
      planned: plan,
      journal,
      pool: installation.pool,
      installation: installation.id,
    };
    await loadStep(run, work);
    const blobs = await blobsStep(run, work);
    await bundle.checkRest(work);
    await manifestsStep(run, work);
    await buildStep(run, work);
    await runStep(run, work);
    const health = await proveContainer(installation, run);
    return finish(installation, { plan: plan.plan, journal, health, blobs, did: didOnEngine(run) });
  });
}

async function installIntoStore(
  installation: Installation,
  directory: string,
): Promise<InstallReport> {
  const { id, options, bundle, pool, selection, work } = installation;
  const url = parseServerUrl(options.ollamaUrl ?? DEFAULT_SERVER_URL);
  const store = await openStore(directory);
  const plan = await planInStore({ bundle, selection, store, platform: options.platform });
  if (options.keepOnFailure !== true) await assertAnswers(installation, url);
  if (options.dryRun === true) return planned(installation, plan);

  tellPlan(installation, plan);
  return transact(installation, undefined, async (journal) => {
    const into = { bundle, pool, selection, store, journal, temporary: `ollama-bundle-${id}` };
    const blobs = await writeStoreBlobs(into, work);
    await bundle.checkRest(work);
    await writeStoreManifests(into, work);
    const health = await proveStore(installation, url);
    return finish(installation, { plan, journal, health, blobs, did: { store: store.root } });
  });
}

function transact(
  installation: Installation,
  engine: Engine | undefined,
  work: (journal: Journal) => Promise<InstallReport>,
): Promise<InstallReport> {
  const { id, bundle, env, startedAt, options } = installation;
  const directory = installationDirectory(env, id);
  const head = {
    installation: id,
    ...identity(bundle),
    startedAt,
    ...(engine && { engine: engine.address }),
  };
  const keeps = (error: unknown): boolean =>
    options.keepOnFailure === true && error instanceof HealthError;
  const { onProgress } = installation.work;
  return inTransaction({ directory, head, keeps, engine, installation: id, onProgress }, work);
}

/** Before gigabytes are copied: a server that is not there now will not serve them. */
async function assertAnswers({ options, work }: Installation, url: URL): Promise<void> {
  const report = await checkServer(url, { ...work, models: [], ...timeoutOf(options) });
  if (report.isHealthy) return;
  throw new UnhealthyError(report, {
    hint: "Start that Ollama, or give its address with --ollama-url. To only copy the models, add --keep-on-failure.",
  });
}

async function proveStore(
  { options, selection, work }: Installation,
  url: URL,
): Promise<HealthReport> {
  const report = await checkServer(url, {
    ...work,
    models: selection.models,
    ...timeoutOf(options),
  });
  if (report.isHealthy) return report;
  throw new UnhealthyError(report, {
    hint: `See that the Ollama at ${report.url} uses this store (OLLAMA_MODELS where it starts), and may read it.`,
  });
}

async function proveContainer(
  { options, selection, work }: Installation,
  run: EngineRun,
): Promise<HealthReport> {
  const { engine, names } = run;
  const url = new URL(serverUrl(engine, names.publish));
  const report = await checkServer(url, {
    ...work,
    models: selection.models,
    isStarting: true,
    ...timeoutOf(options),
  });
  if (report.isHealthy) return report;
  const hint = await explainUnhealthyContainer(engine, names.container, {
    keep: options.keepOnFailure === true,
  });
  throw new UnhealthyError(report, { hint });
}

function timeoutOf({
  healthTimeoutSeconds,
}: InstallOptions): Pick<CheckServerOptions, "timeoutSeconds"> {
  return { timeoutSeconds: healthTimeoutSeconds };
}

function didOnEngine({
  planned: { plan, image, volumeExists },
  names,
  modelsIn,
}: EngineRun): Partial<Receipt> {
  return {
    ...(plan.engine && { engine: plan.engine }),
    images: { loaded: image.name, built: names.tag },
    container: { name: names.container, publish: publishText(names.publish) },
    ...(modelsIn === "volume" && { volume: { name: names.volume, created: !volumeExists } }),
  };
}

interface Outcome {
  readonly plan: InstallPlan;
  readonly journal: Journal;
  readonly health: HealthReport;
  /** New in the volume or store. */
  readonly blobs: readonly BundledFile[];
  readonly did: Partial<Receipt>;
}

/** Writes the receipt; from then on nothing is undone any more. */
async function finish(
  installation: Installation,
  { plan, journal, health, blobs, did }: Outcome,
): Promise<InstallReport> {
  const { id, bundle, startedAt, now } = installation;
  const warnings = [...installation.warnings, ...healthWarnings(health)];
  const receipt = await writeReceipt(journal.directory, {
    installation: id,
    ...identity(bundle),
    modelsIn: plan.modelsIn,
    startedAt,
    finishedAt: now().toISOString(),
    ...did,
    models: [...plan.models],
    blobs: blobs.map(({ sha256, size }) => ({ sha256, size })),
    health: summarizeHealth(health),
    warnings,
  });
  await journal.close();
  return { plan, health, receipt, warnings };
}

function planned(installation: Installation, plan: InstallPlan): InstallReport {
  tellPlan(installation, plan);
  return { plan, warnings: installation.warnings };
}

function tellPlan({ options, work }: Installation, plan: InstallPlan): void {
  for (const text of plan.warnings) work.onProgress?.({ kind: "warning", text });
  options.onPlan?.(plan);
}

function identity({ id, manifest }: BundleReader): Pick<Receipt, "tool" | "bundle"> {
  return { tool: { name: TOOL.name, version: TOOL.version }, bundle: { name: manifest.name, id } };
}
