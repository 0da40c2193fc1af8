import { basename } from "node:path";
import { DefinitionError } from "../../core/errors.ts";

/**
 * What `sha256sum -c` cannot read in the line of a sidecar: GNU's escapes it, and others take the escape for the name.
 * https://www.gnu.org/software/coreutils/manual/html_node/md5sum-invocation.html
 */
const NOT_IN_SIDECAR = /[\p{Cc}\\]/u;

/** Throws {@link DefinitionError} for a name that no bundle can have: its sidecar names it, and stands beside it. */
export function checkOutputName(output: string): void {
  if (output === "-") {
    throw new DefinitionError(
      "USAGE",
      'Cannot write the bundle to "-": a bundle cannot be written to standard output',
      { hint: "Name a file with --output; one that is called so is ./-" },
    );
  }
  const name = basename(output);
  if (!NOT_IN_SIDECAR.test(name)) return;
  throw new DefinitionError(
    "USAGE",
    `Cannot call the bundle ${JSON.stringify(name)}: its .sha256 file could not be read, expected no control characters and no backslash`,
    { hint: "Choose another name with --output, for example bundle.tar.gz." },
  );
}
