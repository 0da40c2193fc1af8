import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DefinitionError } from "../core/errors.ts";

/** The one bundle in a directory, for commands that were given none. Throws {@link DefinitionError} for none or several. */
export async function findBundle(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".tar.gz"))
    .map(({ name }) => name);
  const [only, another] = names.toSorted();
  if (only !== undefined && another === undefined) return join(directory, only);
  const found =
    only === undefined
      ? "there is no .tar.gz in it"
      : `there are ${names.length}: ${names.toSorted().slice(0, 10).join(", ")}`;
  throw new DefinitionError(
    "USAGE",
    `Cannot tell which bundle in "${directory}" is meant: ${found}`,
    {
      hint: "Name the file.",
    },
  );
}
