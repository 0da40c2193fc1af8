import { resolve } from "node:path";
import { type SiteFile, encodeSiteFile } from "./bundle/delta/site-file.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { type WorkOptions, keepingWarnings } from "./core/progress.ts";
import { TOOL } from "./core/tool.ts";
import { connectEngine } from "./engine/connect-engine.ts";
import type { Engine } from "./engine/engine.ts";
import { engineFacts } from "./install/site/engine-facts.ts";
import { hostFacts } from "./install/site/host-facts.ts";
import { type SiteWishes, readSitePlace } from "./install/site/site-place.ts";
import { provenModels } from "./install/proven-models.ts";
import { readReceipts } from "./install/site/receipts.ts";
import { openSiteStore } from "./install/site/site-store.ts";
import { assertSiteFilePlace, writeSiteFile } from "./install/site/write-site-file.ts";

export interface InventoryOptions extends WorkOptions, SiteWishes {
  /** Default: the first that answers (DOCKER_HOST, the usual sockets). */
  readonly engine?: Engine | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
  /** Of this host: `linux/amd64`. */
  readonly platform: string;
  /** Where the site file is written; nowhere without. */
  readonly output?: string | undefined;
  readonly now?: (() => Date) | undefined;
}

export interface InventoryReport {
  readonly site: Omit<SiteFile, "schemaVersion">;
  /** The site file as it is written. */
  readonly text: string;
  /** Its absolute path, where it was written. */
  readonly written?: string;
  readonly warnings: readonly string[];
}

/**
 * What this site holds where its models are kept, every blob hashed, and what decides whether a bundle can be installed here.
 * Nothing in it names a host, a user or a path. Throws {@link DefinitionError}, {@link EngineError} or {@link HostError}.
 */
export async function inventorySite(options: InventoryOptions): Promise<InventoryReport> {
  const { env = process.env, now = () => new Date(), platform } = options;
  const { work, warnings } = keepingWarnings(options);
  const written = options.output && resolve(options.output);
  if (written !== undefined) await assertSiteFilePlace(written);
  const receipts = await readReceipts(env, work.onProgress);
  const place = await readSitePlace(options, receipts[0], { env });
  const engine =
    place.kind === "native"
      ? undefined
      : (options.engine ?? (await connectEngine({ env, signal: work.signal })));
  await using pool = new ChunkPool();
  await using store = await openSiteStore(place, { engine, pool, ...work });
  const { flaws, ...proven } =
    store.content === undefined
      ? { models: [], blobs: [], flaws: [] }
      : await provenModels(store.content, work);
  for (const text of flaws) work.onProgress?.({ kind: "warning", text });
  const { images, free, ...about } = await engineFacts(engine, work);
  const site = {
    tool: { name: TOOL.name, version: TOOL.version },
    takenAt: now().toISOString(),
    modelsIn: place.kind,
    ...proven,
    images,
    free: { ...free, ...store.free },
    host: await hostFacts({ platform, containers: (await engine?.containers()) ?? [] }),
    ...about,
    bundles: receipts.map(({ bundle: { name, id } }) => ({ name, id })),
  };
  const text = encodeSiteFile(site);
  if (written !== undefined) await writeSiteFile(written, text);
  return { site, text, warnings, ...(written !== undefined && { written }) };
}
