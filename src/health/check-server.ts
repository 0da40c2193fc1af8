import type { OnProgress, WorkOptions } from "../core/progress.ts";
import { checkCloud } from "./check-cloud.ts";
import { type Listing, checkListed, checkListing } from "./check-listing.ts";
import { checkModel } from "./check-model.ts";
import { checkVersion } from "./check-version.ts";
import { Checklist } from "./checklist.ts";
import type { ExpectedModel, HealthReport } from "./health-report.ts";
import { OllamaClient } from "../ollama/ollama-client.ts";
import { shownName } from "./same-model.ts";
import { displayUrl } from "./server-url.ts";
import type { Visit } from "./visit.ts";
import { waitForServer } from "./wait-for-server.ts";

export const DEFAULT_HEALTH_TIMEOUT_SECONDS = 300;

export interface CheckServerOptions extends WorkOptions {
  /** What the server should have; without it, every model that it lists is tried. Models beside these are no fault. */
  readonly models?: readonly ExpectedModel[] | undefined;
  /**
   * How long the server may take until it first answers, and then again how long each single answer may take, loading
   * the model included.
   */
  readonly timeoutSeconds?: number | undefined;
  /** Whether the server was just started, so that a refused connection means "not yet". */
  readonly isStarting?: boolean | undefined;
}

/**
 * Looks at an Ollama server from this host, over HTTP and never through a proxy: whether it runs, whether it lists each
 * model with the manifest's digest and size, and whether each model answers. Models are loaded one at a time. Never rejects
 * for what it finds, only with the reason of `signal`.
 */
export async function checkServer(
  url: URL,
  {
    models,
    timeoutSeconds = DEFAULT_HEALTH_TIMEOUT_SECONDS,
    isStarting = false,
    ...work
  }: CheckServerOptions = {},
): Promise<HealthReport> {
  using client = new OllamaClient(url);
  const visit = { client, timeoutSeconds, ...work };
  const checklist = new Checklist(work.onProgress);
  tell(work.onProgress, `Waiting for Ollama at ${displayUrl(url)}`);
  const server = await checklist.add(() =>
    waitForServer(client, { timeoutSeconds, isStarting, signal: work.signal }),
  );
  if (server.result === "failed") return report(url, checklist);
  const { value: version } = await checklist.add(() => checkVersion(visit));
  await checklist.add(() => checkCloud(visit));
  const { value: listing } = await checklist.add(() => checkListing(visit));
  if (listing !== undefined) await checkModels(visit, { models, listing, checklist });
  return { ...report(url, checklist), ...(version !== undefined && { version }) };
}

interface ModelsToCheck {
  readonly models: readonly ExpectedModel[] | undefined;
  readonly listing: Listing;
  readonly checklist: Checklist;
}

async function checkModels(
  visit: Visit,
  { models, listing, checklist }: ModelsToCheck,
): Promise<void> {
  const wanted = models ?? modelsOf(listing);
  const there: ExpectedModel[] = [];
  for (const model of wanted) {
    const { result } = await checklist.add(() => checkListed(visit, model, listing));
    if (result === "ok") there.push(model);
  }
  for (const [index, model] of there.entries()) {
    const name = shownName(model.name);
    tell(visit.onProgress, `Trying "${name}" (${index + 1} of ${there.length})`);
    await checklist.add(() => checkModel(visit, model));
  }
}

/** A model of Ollama's cloud is not tried: that would ask the network. */
function modelsOf(listing: Listing): ExpectedModel[] {
  const local = [...listing.values()].filter((listed) => listed.remote_host === undefined);
  return local.map(({ name, digest, size }) => ({ name, digest, size, capabilities: [] }));
}

function report(url: URL, { checks }: Checklist): HealthReport {
  const isHealthy = checks.every(({ result }) => result !== "failed");
  return { url: displayUrl(url), checks, isHealthy };
}

function tell(onProgress: OnProgress | undefined, text: string): void {
  onProgress?.({ kind: "step", text });
}
