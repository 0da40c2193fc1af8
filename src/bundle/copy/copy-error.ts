import { HostError, OllamaBundleError, hasCode, messageOf } from "../../core/errors.ts";
import type { CopyItem } from "./cargo.ts";
import type { Medium } from "./medium.ts";

type Explanation = readonly [code: "NO_SPACE" | "NO_RIGHTS" | "IO", found: string, hint: string];

/** What a file system said while an item was written to a medium, in our words. */
export function copyError(error: unknown, { called }: CopyItem, { directory }: Medium): unknown {
  if (error instanceof OllamaBundleError || !(error instanceof Error) || !("code" in error))
    return error;
  const [code, found, hint] = explained(error);
  return new HostError(code, `Cannot copy ${called} to "${directory}": ${found}`, {
    cause: error,
    hint: `${hint} What is there already is not copied again.`,
  });
}

function explained(error: Error): Explanation {
  if (hasCode(error, "ENOSPC", "EDQUOT"))
    return ["NO_SPACE", "the medium is full", "Free some space there and type the same again."];
  if (hasCode(error, "EROFS", "EACCES", "EPERM")) {
    const hint = "See that it is not write-protected, and type the same again.";
    return ["NO_RIGHTS", "it is not writable", hint];
  }
  if (hasCode(error, "EFBIG")) {
    const hint = "Cut the bundle with `bundle split FILE fat32`, or format the medium as exFAT.";
    return ["NO_SPACE", "the file system there holds no file of this size", hint];
  }
  const found = `the medium does not answer as it should (${messageOf(error)})`;
  return ["IO", found, "See that it is still in and mounted, and type the same again."];
}
