import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { MAX_SITE_FILE_SIZE, decodeSiteFile } from "../../bundle/delta/site-file.ts";
import { DefinitionError, HostError, hasCode, messageOf } from "../../core/errors.ts";
import { writeFileWhole } from "../../core/files.ts";
import { readSmallFile } from "../../core/read-small-file.ts";

const HINT = { hint: "Name another place with --output." };

/**
 * Finds out before anything is hashed whether a site file can be written to `path`: an earlier one is replaced, and nothing
 * else that is there. Throws {@link HostError}.
 */
export async function assertSiteFilePlace(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch (cause) {
    const isMissing = hasCode(cause, "ENOENT", "ENOTDIR");
    throw notWritable(
      path,
      `"${dirname(path)}" is ${isMissing ? "no directory" : "not writable"}`,
      cause,
    );
  }
  try {
    decodeSiteFile(path, await readSmallFile(path, MAX_SITE_FILE_SIZE));
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return;
    const found = cause instanceof DefinitionError ? "it is no site file" : messageOf(cause);
    throw notWritable(path, `something else has that name: ${found}`, cause);
  }
}

/** Throws {@link HostError}. */
export async function writeSiteFile(path: string, text: string): Promise<void> {
  try {
    await writeFileWhole(path, text);
  } catch (cause) {
    throw notWritable(path, messageOf(cause), cause);
  }
}

function notWritable(path: string, why: string, cause: unknown): HostError {
  const code = hasCode(cause, "EACCES", "EROFS", "EPERM") ? "NO_RIGHTS" : "IO";
  return new HostError(code, `Cannot write the site file "${path}": ${why}`, { cause, ...HINT });
}
