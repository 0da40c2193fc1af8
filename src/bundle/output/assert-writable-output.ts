import { access, constants, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { DefinitionError, HostError, hasCode } from "../../core/errors.ts";
import { undefinedWhereMissing } from "../../core/files.ts";
import { PARTS_JSON_SUFFIX } from "../parts/part-names.ts";
import { bundleFiles } from "./former-files.ts";

/** No file of a bundle has more behind the bundle's name, also while it is written. */
const LONGEST_SUFFIX = `${PARTS_JSON_SUFFIX}.tmp`;

/** What stands beside a bundle, or is a part of one, is called so. */
const TAKEN_NAME = /\.(?:\d{3}|sha256|parts\.json|partial|lock)$/;

/**
 * Finds out before anything is fetched whether a bundle can be written to `output`; `force` is missing where nothing is ever
 * replaced. Throws {@link HostError}, and {@link DefinitionError} for the name of a part or a sidecar.
 */
export async function assertWritableOutput(
  output: string,
  { force }: { readonly force?: boolean | undefined },
): Promise<void> {
  assertBundleName(output);
  await assertShortName(output);
  await assertWritableDirectory(dirname(output), output);
  const existing = await bundleFiles(output);
  for (const path of existing) {
    if ((await stat(path).catch(undefinedWhereMissing))?.isFile() !== false) continue;
    throw new HostError(
      "NOT_A_FILE",
      `Cannot write the bundle "${path}": something that is no file has that name`,
    );
  }
  if (force === true || existing.length === 0) return;
  const what = existing.includes(output) ? "it exists" : "parts of it exist";
  throw new HostError("EXISTS", `Cannot write the bundle "${output}": ${what}`, {
    hint:
      force === undefined
        ? "Choose another name or directory with --output."
        : "Replace it with --force, or choose another name with --output.",
  });
}

/** A bundle called `x.tar.gz.003` would stand in the place of a part, and be read as one. */
function assertBundleName(output: string): void {
  const [suffix] = TAKEN_NAME.exec(basename(output)) ?? [];
  if (suffix === undefined) return;
  throw new DefinitionError(
    "USAGE",
    `Cannot write the bundle "${output}": a name that ends in "${suffix}" is that of a part, or of what stands beside a bundle`,
    { hint: "Choose a name such as bundle.tar.gz; parts get their numbers by themselves." },
  );
}

/** Asked of the file system: what it takes is not the same everywhere. */
async function assertShortName(output: string): Promise<void> {
  const error = await stat(`${output}${LONGEST_SUFFIX}`).catch((caught: unknown) => caught);
  if (!hasCode(error, "ENAMETOOLONG")) return;
  throw new HostError(
    "IO",
    `Cannot write the bundle "${output}": its name, with what is added for the files beside it, is too long`,
    { cause: error, hint: "Choose a shorter name with --output." },
  );
}

async function assertWritableDirectory(directory: string, output: string): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const isMissing = hasCode(cause, "ENOENT", "ENOTDIR");
    const what = isMissing
      ? `there is no directory "${directory}"`
      : `the directory "${directory}" is not writable`;
    throw new HostError("NO_RIGHTS", `Cannot write the bundle "${output}": ${what}`, { cause });
  }
}
