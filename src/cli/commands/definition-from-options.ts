import { basename } from "node:path";
import { DefinitionError } from "../../core/errors.ts";
import { withoutCredentials } from "../../core/without-credentials.ts";
import {
  type Definition,
  type DefinitionFields,
  definitionFields,
  definitionOf,
} from "../../definition/definition.ts";
import { hostPlatform } from "../host-platform.ts";
import { namesIn } from "./options.ts";

/** The options of `create` that say what to pack. */
export interface DefinitionOptions {
  readonly file?: string;
  readonly models?: string;
  readonly image?: string;
  readonly platform?: string;
  readonly name?: string;
  readonly output: string;
}

/** What a definition file says, with what the options say instead. Throws {@link DefinitionError}. */
export async function definitionFromOptions(options: DefinitionOptions): Promise<Definition> {
  const fromFile = options.file === undefined ? {} : await fieldsIn(options.file);
  const defaults = { name: nameFor(options.output), platform: hostPlatform() };
  return definitionOf({ ...fromFile, ...fieldsOf(options) }, defaults);
}

/** The reader of YAML, which is large, is imported only where there is something to read. */
async function fieldsIn(file: string): Promise<DefinitionFields> {
  const { readDefinitionFile } = await import("../../definition/read-definition-file.ts");
  return await readDefinitionFile(file);
}

function fieldsOf({ models, image, platform, name }: DefinitionOptions): DefinitionFields {
  const given = Object.entries({ models, image, platform, name }).filter(
    ([, value]) => value !== undefined,
  );
  const parsed = definitionFields.safeParse({
    ...Object.fromEntries(given),
    ...(models !== undefined && { models: models === "none" ? models : namesIn(models) }),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const option = String(issue?.path[0]);
  const value = withoutCredentials(new Map(given).get(option) ?? "");
  throw new DefinitionError("USAGE", `Cannot use --${option} "${value}": ${issue?.message}`);
}

/** A bundle is called as its file, as far as a name may have its characters: letters lose their accents. */
function nameFor(output: string): string {
  const stem = basename(output).replace(/\.tar\.gz$/, "");
  const name = stem
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 64)
    .replace(/-+$/, "");
  return name || "bundle";
}
