import { join } from "node:path";
import { AMD64, S390X, imageOf } from "./image-place.ts";
import { type LayoutImage, ociLayout } from "./oci-layout.ts";
import { type SavedFile, blobPath } from "./saved-image.ts";

export const REFERENCE = "registry.example/team/ollama:0.24.0";
export const PLATFORM = "linux/amd64";
export const SAMPLES = join(import.meta.dirname, "../contract/docker-save");
export const OURS = imageOf(AMD64, ["a", "b".repeat(500_000), "a"]);
export const OTHER = imageOf(S390X, ["other"]);
export const BOTH: LayoutImage = { name: REFERENCE, images: [OTHER, OURS] };

export function layerPath(at: number): string {
  return blobPath(OURS.image.layers[at] ?? Buffer.alloc(0));
}

export function changed(
  path: string,
  content: Buffer,
  files: readonly SavedFile[] = ociLayout([BOTH]),
): SavedFile[] {
  return files.map((file) => (file.path === path ? { path, content } : file));
}
