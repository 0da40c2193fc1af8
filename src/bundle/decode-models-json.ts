import { z } from "zod";
import { BundleError, messageOf } from "../core/errors.ts";
import { contradictionIn } from "./check-models-json.ts";
import { checkFilePaths } from "./file-paths.ts";
import { type ModelsJson, SCHEMA_VERSION, modelsJsonShape } from "./models-json.ts";

/**
 * Bytes of MODELS.json for each value in it, at least: a deflated chunk of a large file has about 23, and nothing has fewer.
 * Of `[0,0,…]` a parser makes ten times the memory.
 */
const LEAST_BYTES_PER_VALUE = 20;

/** A bundle of nothing has some too. */
const SOME_VALUES = 1000;
const [COMMA, BRACKET, BRACE] = Buffer.from(",[{");

/**
 * Reads MODELS.json as FORMAT.md describes it. Fields that this version does not know are left aside. Throws
 * {@link BundleError} for an unknown major version, a wrong shape, paths that may not be, and numbers that do not add up.
 */
export function decodeModelsJson(bytes: Buffer): ModelsJson {
  const raw = parseJson(bytes);
  checkSchemaVersion(raw);
  const parsed = modelsJsonShape.safeParse(raw);
  if (!parsed.success)
    throw notAcceptable(z.prettifyError(parsed.error).split("\n").slice(0, 4).join(" "));
  const { files, delta: { omitted = [] } = {} } = parsed.data;
  checkFilePaths([...files, ...omitted].map(({ path }) => path));
  const contradiction = contradictionIn(parsed.data);
  if (contradiction !== undefined) throw notAcceptable(contradiction);
  return parsed.data;
}

function parseJson(bytes: Buffer): unknown {
  if (countValues(bytes) > bytes.length / LEAST_BYTES_PER_VALUE + SOME_VALUES)
    throw notAcceptable("it has more values than a bundle has use for");
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw notAcceptable(messageOf(error));
  }
}

/** About as many as a parser would make: every value but the first in its object or list follows one of these. */
function countValues(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1;
  return count;
}

function checkSchemaVersion(raw: unknown): void {
  const head = z
    .object({ schemaVersion: z.int(), tool: z.object({ version: z.string().max(64) }).optional() })
    .safeParse(raw);
  if (!head.success || head.data.schemaVersion === SCHEMA_VERSION) return;
  const { schemaVersion, tool } = head.data;
  throw new BundleError(
    "NEWER_FORMAT",
    `Cannot read this bundle: its format is version ${schemaVersion}, and this ollama-bundle reads version ${SCHEMA_VERSION}`,
    {
      hint: `Use the ollama-bundle that wrote it${tool === undefined ? "" : `, version ${tool.version}`}, or a newer one.`,
    },
  );
}

function notAcceptable(what: string): BundleError {
  return new BundleError("DAMAGED", `MODELS.json is not acceptable: ${what}`, {
    hint: "Copy the bundle again; if that does not help, create it again.",
  });
}
