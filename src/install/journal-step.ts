import { z } from "zod";

const replacedManifest = z.object({
  /** Relative to the store: `manifests/<host>/<namespace>/<model>/<tag>`. */
  path: z.string(),
  /** What was there before, base64; missing where there was nothing. */
  previous: z.base64().optional(),
});

/** Something that an installation is about to do, with all that is needed to undo it, whether it was done or not. */
export const journalStep = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("image"),
    name: z.string(),
    /** The name was there before and stands for the same image: nothing to undo. */
    existed: z.boolean(),
    /** The id of another image of ours that had the name. */
    previous: z.string().optional(),
  }),
  z.object({
    kind: z.literal("replacedContainer"),
    name: z.string(),
    /** The name that it has meanwhile. */
    aside: z.string(),
    id: z.string(),
    wasRunning: z.boolean(),
  }),
  z.object({ kind: z.literal("container"), name: z.string() }),
  z.object({ kind: z.literal("volume"), name: z.string() }),
  z.object({
    kind: z.literal("volumeFiles"),
    volume: z.string(),
    /** An image with `rm`, to run on the volume. */
    image: z.string(),
    /** `blobs/sha256-<hex>` that were not there before. */
    blobs: z.array(z.string()),
    manifests: z.array(replacedManifest),
  }),
  z.object({
    kind: z.literal("storeFiles"),
    /** Absolute path of the store. */
    store: z.string(),
    /** A directory in the store for files that are not whole yet. */
    temporary: z.string(),
    /** `blobs/sha256-<hex>` that were not there before. */
    blobs: z.array(z.string()),
    manifests: z.array(replacedManifest),
    /** Directories that were not there before, relative to the store, parents first. */
    directories: z.array(z.string()),
  }),
]);

export type JournalStep = z.infer<typeof journalStep>;
export type StepOf<K extends JournalStep["kind"]> = Extract<JournalStep, { kind: K }>;
export type ReplacedManifest = z.infer<typeof replacedManifest>;

/** Of the manifests at these paths, what is to be put back or removed in their place. */
export function replacedManifests(
  paths: Iterable<string>,
  before: ReadonlyMap<string, Buffer>,
): ReplacedManifest[] {
  return [...paths].map((path) => {
    const previous = before.get(path)?.toString("base64");
    return { path, ...(previous !== undefined && { previous }) };
  });
}
