import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { HostError, hasCode } from "../../core/errors.ts";
import { undefinedWhereMissing } from "../../core/files.ts";
import { bundleFiles } from "./former-files.ts";

/**
 * Finds out before anything is fetched whether a bundle can be written to `output`; `force` is missing where nothing is ever
 * replaced. Throws {@link HostError}.
 */
export async function assertWritableOutput(
  output: string,
  { force }: { readonly force?: boolean | undefined },
): Promise<void> {
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
