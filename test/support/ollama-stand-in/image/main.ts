import { parseArgs } from "node:util";
import { connectEngine } from "../../../../src/engine/connect-engine.ts";
import { buildStandInImage } from "./build-stand-in-image.ts";

/**
 * Builds the image on the engine of DOCKER_HOST and prints its id:
 *
 *     node test/support/ollama-stand-in/image/main.ts --tag REFERENCE [--version X.Y.Z]
 */
const { values } = parseArgs({
  options: { tag: { type: "string" }, version: { type: "string" } },
});
const { tag: reference, version } = values;
if (reference === undefined) {
  process.stderr.write("usage: main.ts --tag REFERENCE [--version X.Y.Z]\n");
  process.exit(2);
}
const engine = await connectEngine();
const id = await buildStandInImage(engine, {
  reference,
  ...(version !== undefined && { version }),
});
process.stdout.write(`${id}\n`);
