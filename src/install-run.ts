import type { WorkOptions } from "./core/progress.ts";
import type { Engine } from "./engine/engine.ts";
import type { HealthReport } from "./health/health-report.ts";
import { healthWarnings, summarizeHealth } from "./health/health-summary.ts";
import { type ProveServerOptions, proveServer } from "./health/prove-server.ts";
import { type Outcome, concludeInstallation } from "./install/conclude-installation.ts";
import { checkRestOfBundle } from "./install/damage-elsewhere.ts";
import type { InstallWishes } from "./install/install-options.ts";
import type { InstallPlan } from "./install/install-plan.ts";
import type { Installation } from "./install/installation.ts";
import type { Journal } from "./install/journal.ts";
import type { ModelsAsked } from "./install/model-changes.ts";
import type { ModelsIn } from "./install/models-place.ts";

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

/** What was asked for, and one run of it: what both ways to install share. */
export interface Run extends Installation {
  readonly options: InstallOptions;
  readonly now: () => Date;
}

/** What is asked about models; an image has none but those that are installed. */
export function asked({ options, bundle, selection }: Run, modelsIn: ModelsIn): ModelsAsked {
  const bundled = modelsIn === "image" ? selection.models : bundle.manifest.models;
  return { bundled, selection, exact: options.exact === true };
}

/** Reads what of the bundle was not read yet. */
export async function checkRest(
  { bundle, selection, options, work }: Run,
  { withImage }: { readonly withImage: boolean },
): Promise<void> {
  const isPart = options.only !== undefined;
  await checkRestOfBundle(bundle, { selection, isPart, withImage }, work);
}

/** Throws {@link HealthError} where the server does not serve the models. */
export function prove(
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

/** Writes the receipt: from here on nothing is undone any more. */
export async function conclude(
  run: Run,
  { journal, health, ...done }: Done,
): Promise<InstallReport> {
  const warnings = [...run.warnings, ...healthWarnings(health)];
  const finishedAt = run.now();
  const outcome = { ...done, health: summarizeHealth(health), warnings, finishedAt };
  const receipt = await concludeInstallation(journal, outcome);
  return { plan: done.plan, health, receipt, warnings };
}

/** The report of a dry run. */
export function planned(run: Run, plan: InstallPlan): InstallReport {
  tellPlan(run, plan);
  return { plan, warnings: run.warnings };
}

export function tellPlan({ options, work }: Run, plan: InstallPlan): void {
  for (const text of plan.warnings) work.onProgress?.({ kind: "warning", text });
  options.onPlan?.(plan);
}
