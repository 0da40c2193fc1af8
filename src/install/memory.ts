import type { BundledModel } from "../bundle/models-json.ts";
import { shownModel } from "./select-models.ts";

/** A warning for each model whose weights alone are larger than the memory of the host that will run it. Bytes. */
export function memoryWarnings(models: readonly BundledModel[], memory: number): string[] {
  const tooLarge = models.filter(({ size }) => memory > 0 && size > memory);
  return tooLarge.map(
    (model) =>
      `"${shownModel(model)}" has ${gigabytes(model.size)} GB and this host ${gigabytes(memory)} GB of memory: without a large GPU it will not run`,
  );
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
