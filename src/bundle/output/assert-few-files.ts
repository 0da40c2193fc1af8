import { formatCount } from "../../core/format-count.ts";
import { DefinitionError } from "../../core/errors.ts";
import { MAX_FILES } from "../models-json.ts";

/** Throws {@link DefinitionError} for more files than any reader takes. */
export function assertFewFiles(count: number): void {
  if (count <= MAX_FILES) return;
  throw new DefinitionError(
    "NOT_SUPPORTED",
    `Cannot pack all of this in one bundle: it is ${formatCount(count)} files, and a bundle has at most ${formatCount(MAX_FILES)}`,
    { hint: "Make several bundles, with some of the models each." },
  );
}
