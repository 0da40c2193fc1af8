import type { BundledFile } from "./models-json.ts";

/** SHA256SUMS in the form that `sha256sum -c` reads. Its own sha256 is the bundle's id. */
export function sha256sumsOf(files: readonly Pick<BundledFile, "path" | "sha256">[]): Buffer {
  return Buffer.from(files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join(""));
}
