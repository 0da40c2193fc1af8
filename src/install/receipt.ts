import { join } from "node:path";
import { z } from "zod";
import { hexShape } from "../bundle/shapes.ts";
import { writeFileWhole } from "../core/files.ts";
import { onStateDisk } from "./state-disk.ts";

const RECEIPT_VERSION = 1;

const receiptShape = z.object({
  schemaVersion: z.literal(RECEIPT_VERSION),
  installation: z.string(),
  tool: z.object({ name: z.string(), version: z.string() }),
  bundle: z.object({ name: z.string(), id: hexShape }),
  modelsIn: z.enum(["image", "volume", "dir", "native"]),
  /** ISO 8601 */
  startedAt: z.string(),
  finishedAt: z.string(),
  engine: z.object({ address: z.string(), product: z.string(), version: z.string() }).optional(),
  /** Names that this installation gave to images, fully qualified. */
  images: z.object({ loaded: z.string(), built: z.string() }).optional(),
  container: z.object({ name: z.string(), publish: z.string() }).optional(),
  /** Which the container joined. */
  network: z.string().optional(),
  volume: z
    .object({
      name: z.string(),
      /** Whether this installation made it. */
      created: z.boolean(),
    })
    .optional(),
  /** Absolute path of the directory that the container has its models from. */
  directory: z.string().optional(),
  /** Absolute path of the store of an Ollama on this host. */
  store: z.string().optional(),
  models: z.array(z.object({ name: z.string(), digest: hexShape, size: z.int() })),
  /** Blobs that were written, in `volume` and `native`; those that were there already are not named. */
  blobs: z.array(z.object({ sha256: hexShape, size: z.int() })),
  health: z.object({
    url: z.string(),
    ollamaVersion: z.string().optional(),
    /** What each model was computed by, by the model's name: `CPU`, `GPU`, `42% GPU`. */
    processors: z.record(z.string(), z.string()),
  }),
  warnings: z.array(z.string()),
});

/** What an installation did on this host: status, upgrade, rollback and uninstall work from it. */
export type Receipt = z.infer<typeof receiptShape>;

/** Writes `receipt.json` into the installation's directory, whole or not at all, and returns its path. Throws {@link HostError}. */
export async function writeReceipt(
  directory: string,
  receipt: Omit<Receipt, "schemaVersion">,
): Promise<string> {
  const path = join(directory, "receipt.json");
  const content: Receipt = { schemaVersion: RECEIPT_VERSION, ...receipt };
  const text = `${JSON.stringify(receiptShape.parse(content), undefined, 2)}\n`;
  await onStateDisk(`Cannot write the receipt "${path}"`, () => writeFileWhole(path, text));
  return path;
}

/** A receipt as it was written; undefined for anything else. */
export function parseReceipt(text: string): Receipt | undefined {
  try {
    return receiptShape.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
