import { rewrittenBundle } from "../../support/rewritten-bundle.ts";

/** The same bundle as the next major version of the format might be: sound, and not for this version's reader. */
export function newerVersionOf(bundle: Buffer, version: string): Buffer {
  return rewrittenBundle(bundle, (manifest) => ({
    ...manifest,
    schemaVersion: manifest.schemaVersion + 1,
    tool: { ...manifest.tool, version },
  }));
}
