import { parseArgs } from "node:util";
import { writeTinyModels } from "../tiny-models.ts";

/**
 * Writes the store and prints its files in the form that `sha256sum -c` reads:
 *
 *     node test/support/tiny-models/main.ts STORE_DIR [--size BYTES]
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: "string" } },
});
const [directory, ...others] = positionals;
const bigSize = values.size === undefined ? undefined : Number(values.size);
if (directory === undefined || others.length > 0 || (bigSize !== undefined && !(bigSize > 0))) {
  process.stderr.write("usage: main.ts STORE_DIR [--size BYTES]\n");
  process.exit(2);
}
const { files } = await writeTinyModels(directory, bigSize === undefined ? {} : { bigSize });
process.stdout.write(files.map((file) => `${file.sha256}  ${file.path}\n`).join(""));
