import { OllamaBundleError } from "../../src/core/errors.ts";
import { type InstallOptions, installBundle } from "../../src/install-bundle.ts";

/**
 * Runs install with the options given as JSON, and prints its report or its error as JSON: in a process of its own, since an
 * engine's published ports can be in another network.
 */
const [, , json = "{}"] = process.argv;
const options = JSON.parse(json) as InstallOptions;

try {
  const report = await installBundle(options);
  process.stdout.write(JSON.stringify({ report }));
} catch (error) {
  if (!(error instanceof OllamaBundleError)) throw error;
  const { name, code, message, hint, exitCode } = error;
  process.stdout.write(JSON.stringify({ error: { name, code, message, hint, exitCode } }));
}
