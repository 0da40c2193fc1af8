import { HostError, hasCode, messageOf } from "../core/errors.ts";

const WHY = "nothing is installed without a record of it";

/** Runs file work in the state directory; an error comes out as a {@link HostError} that begins with `what`, "Cannot …". */
export async function onStateDisk<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw stateError(what, error);
  }
}

function stateError(what: string, cause: unknown): HostError {
  if (hasCode(cause, "ENOSPC", "EDQUOT")) {
    return new HostError("NO_SPACE", `${what}: no space is left there`, {
      cause,
      hint: `Free some space there, or set XDG_STATE_HOME to a directory elsewhere: ${WHY}.`,
    });
  }
  const isForbidden = hasCode(cause, "EACCES", "EPERM", "EROFS");
  return new HostError(isForbidden ? "NO_RIGHTS" : "IO", `${what}: ${messageOf(cause)}`, {
    cause,
    hint: `Set XDG_STATE_HOME to a directory that this user may write: ${WHY}.`,
  });
}
