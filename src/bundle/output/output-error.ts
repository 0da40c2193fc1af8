import { dirname } from "node:path";
import { HostError, hasCode, messageOf } from "../../core/errors.ts";

/** What a file system said while the bundle `path` was written, in our words. */
export function outputError(error: unknown, path: string): unknown {
  const directory = dirname(path);
  if (hasCode(error, "ENOSPC", "EDQUOT")) {
    return new HostError(
      "NO_SPACE",
      `Cannot write the bundle "${path}": there is no space left in "${directory}"`,
      {
        cause: error,
        hint: "Free some space there, or write it elsewhere with --output.",
      },
    );
  }
  if (hasCode(error, "EACCES", "EPERM", "EROFS")) {
    return new HostError(
      "NO_RIGHTS",
      `Cannot write the bundle "${path}": the directory "${directory}" is not writable`,
      { cause: error },
    );
  }
  if (hasCode(error, "ENOENT", "ENOTDIR")) {
    return new HostError(
      "IO",
      `Cannot write the bundle "${path}": there is no directory "${directory}"`,
      { cause: error },
    );
  }
  return hasCode(error, "EIO")
    ? new HostError("IO", `Cannot write the bundle "${path}": ${messageOf(error)}`, {
        cause: error,
      })
    : error;
}
