import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { startModelRegistry } from "../model-registry.ts";
import type { Fault } from "./fault.ts";

/**
 * The registry as a program; prints its URL, then a line of JSON for each
 * request that ended, until it gets SIGTERM or SIGINT:
 *
 *     node test/support/model-registry/main.ts --store DIR [--port N] [--host ADDRESS]
 *         [--blobs location|plain|redirect] [--token] [--minimum-ollama X.Y.Z]
 *         [--faults FILE.json] [--seed N]
 */
const { values } = parseArgs({
  options: {
    store: { type: "string" },
    port: { type: "string", default: "0" },
    host: { type: "string", default: "127.0.0.1" },
    blobs: { type: "string", default: "location" },
    token: { type: "boolean", default: false },
    "minimum-ollama": { type: "string" },
    faults: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const { store, blobs, faults: faultFile, "minimum-ollama": minimumOllama } = values;
if (store === undefined || (blobs !== "location" && blobs !== "plain" && blobs !== "redirect")) {
  process.stderr.write(
    "usage: main.ts --store DIR [--port N] [--blobs location|plain|redirect] …\n",
  );
  process.exit(2);
}
const faults: readonly Fault[] =
  faultFile === undefined ? [] : JSON.parse(await readFile(faultFile, "utf8"));

await using registry = await startModelRegistry({
  store,
  blobs,
  faults,
  port: Number(values.port),
  listenHost: values.host,
  seed: Number(values.seed),
  ...(values.token ? { token: {} } : {}),
  ...(minimumOllama === undefined ? {} : { minimumOllama }),
});
process.stdout.write(`${registry.url}\n`);

let printed = 0;
const printing = registry.until((requests) => {
  for (; requests[printed] !== undefined && requests[printed]?.outcome !== "open"; printed += 1) {
    process.stdout.write(`${JSON.stringify(requests[printed])}\n`);
  }
  return false;
});
await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT"), printing]);
