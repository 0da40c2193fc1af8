import { z } from "zod";

const tags = z.object({ models: z.array(z.object({ name: z.string(), digest: z.string() })) });
const image = z.object({
  reference: z.string(),
  configDigest: z.string(),
  diffIds: z.array(z.string()),
  ollamaVersion: z.string().optional(),
});
const inspection = z.object({
  id: z.string(),
  images: z.array(image),
  models: z.array(z.object({ name: z.string(), digest: z.string() })),
});

export type Inspection = z.infer<typeof inspection>;

/** Digests by model name, sorted by name. */
export type ModelDigests = Readonly<Record<string, string>>;

/** What the answer to `GET /api/tags` lists. */
export function servedModels(answer: string): ModelDigests {
  return digestsByName(tags.parse(JSON.parse(answer)).models);
}

/** What `bundle inspect --json` printed. */
export function readInspection(stdout: string): Inspection & { readonly digests: ModelDigests } {
  const inspected = inspection.parse(JSON.parse(stdout));
  return { ...inspected, digests: digestsByName(inspected.models) };
}

function digestsByName(models: readonly { name: string; digest: string }[]): ModelDigests {
  const shown = models.map(
    ({ name, digest }) => [shortName(name), digest.replace(/^sha256:/, "")] as const,
  );
  return Object.fromEntries(shown.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** As `/api/tags` writes names. */
function shortName(name: string): string {
  return name.replace(/^registry\.ollama\.ai\//, "").replace(/^library\//, "");
}
