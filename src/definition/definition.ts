import { z } from "zod";
import { DefinitionError } from "../core/errors.ts";
import { type ModelName, fullModelName, parseModelName } from "../core/model-name.ts";
import { type ImageLocation, parseImageLocation } from "./image-location.ts";

const NONE = "none";
const DEFAULT_IMAGE = "ollama/ollama:latest";
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const PLATFORM = /^linux\/[a-z0-9]+(\/v\d+)?$/;

const modelNames = z
  .array(z.string())
  .refine((names) => names.every((name) => name.trim() !== ""), "one of the names is empty")
  .refine((names) => !names.includes(NONE), `"${NONE}" stands alone, and not in a list of names`);

/** What a user writes: the fields of a definition file, and what the flags of `create` give. */
export const definitionFields = z.strictObject({
  name: z
    .string()
    .regex(NAME, "expected letters, digits, '.', '_' and '-', at most 64 of them")
    .optional(),
  platform: z.string().regex(PLATFORM, "expected a platform such as linux/amd64").optional(),
  /** What {@link parseImageLocation} reads, or "none". */
  image: z.string().optional(),
  /** Model names, or "none". */
  models: z
    .union([z.literal(NONE), modelNames], `expected a list of model names, or "${NONE}"`)
    .optional(),
});

export type DefinitionFields = z.infer<typeof definitionFields>;

/** What to pack. */
export interface Definition {
  readonly name: string;
  /** `linux/amd64` */
  readonly platform: string;
  /** Missing for a bundle of models alone. */
  readonly image?: ImageLocation | undefined;
  /** In the order given, each once. */
  readonly models: readonly ModelName[];
}

/** Fills in what was not said. `defaults` come from where the command runs. Throws {@link DefinitionError}. */
export function definitionOf(
  fields: DefinitionFields,
  defaults: { readonly name: string; readonly platform: string },
): Definition {
  const { image = DEFAULT_IMAGE, models } = fields;
  if (models === undefined) {
    throw new DefinitionError("DEFINITION_INVALID", "Cannot create a bundle: no models are named", {
      hint: `Name them with --models llama3.2,gemma:2b or in a definition file; --models ${NONE} packs the image alone.`,
    });
  }
  const definition = {
    name: fields.name ?? defaults.name,
    platform: fields.platform ?? defaults.platform,
    image: image === NONE ? undefined : parseImageLocation(image),
    models: models === NONE ? [] : withoutRepeats(models.map(parseModelName)),
  };
  if (definition.image === undefined && definition.models.length === 0) {
    throw new DefinitionError(
      "DEFINITION_INVALID",
      "Cannot create a bundle: neither an image nor a model is named",
    );
  }
  return definition;
}

/** Case-only twins are refused: file systems that fold case cannot hold both, and Ollama takes them for one. */
function withoutRepeats(names: readonly ModelName[]): ModelName[] {
  const byFoldedName = new Map<string, ModelName>();
  for (const name of names) {
    const full = fullModelName(name);
    const known = byFoldedName.get(full.toLowerCase());
    if (known !== undefined && fullModelName(known) !== full) {
      throw new DefinitionError(
        "DEFINITION_INVALID",
        `Cannot pack "${fullModelName(known)}" and "${full}" together: they differ only in case`,
      );
    }
    byFoldedName.set(full.toLowerCase(), name);
  }
  return [...byFoldedName.values()];
}
