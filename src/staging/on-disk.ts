import { HostError, hasCode, isSystemError, messageOf } from "../core/errors.ts";

/**
 * Runs file work of the staging volume at `directory`; what the file system refuses comes out as a {@link HostError} that
 * names the directory.
 */
export async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error, directory);
  }
}

/** The same for an error in hand. Errors that are not the file system's are returned as they are. */
export function diskError(error: unknown, directory: string): unknown {
  if (!isSystemError(error)) return error;
  if (hasCode(error, "ENOSPC", "EDQUOT")) {
    return new HostError("NO_SPACE", `Cannot stage into "${directory}": no space is left there`, {
      hint: "Free some space, or use --staging with a directory on a larger disk; what is staged already is kept.",
      cause: error,
    });
  }
  if (hasCode(error, "EACCES", "EPERM", "EROFS")) {
    return new HostError(
      "NO_RIGHTS",
      `Cannot stage into "${directory}": writing is not allowed (${messageOf(error)})`,
      {
        hint: "Use --staging with a directory that you may write to.",
        cause: error,
      },
    );
  }
  return new HostError("IO", `Cannot stage into "${directory}": ${messageOf(error)}`, {
    hint: "Use --staging with another directory.",
    cause: error,
  });
}
