import type { Command } from "commander";
import { DefinitionError } from "../../core/errors.ts";

/** An empty word is a variable that was not set; as a path it would mean the current directory. Throws {@link DefinitionError}. */
export function assertNothingEmpty(command: Command): void {
  const values: Readonly<Record<string, unknown>> = command.opts();
  const empty = command.options.find((option) =>
    [values[option.attributeName()]].flat().includes(""),
  );
  if (empty === undefined && !command.args.includes("")) return;
  const what = empty?.long ?? "a file or directory that is called";
  throw new DefinitionError("USAGE", `Cannot use ${what} "": it is empty`, {
    hint: "If a variable was to be there, it is not set.",
  });
}
