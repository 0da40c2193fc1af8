import type { BundledModel } from "../bundle/models-json.ts";
import { shownModel } from "./select-models.ts";

/** Bytes of memory of the host that will run models. */
export interface HostMemory {
  /** 0 where it is not known. */
  readonly total: number;
  /** What programs could get at this moment; missing for another host. */
  readonly free?: number | undefined;
}

/** A warning for each model whose weights alone are larger than the memory, or than what of it is free now. */
export function memoryWarnings(
  models: readonly BundledModel[],
  { total, free = total }: HostMemory,
): string[] {
  return models.flatMap((model) => {
    const has = `"${shownModel(model)}" has ${gigabytes(model.size)} GB`;
    if (total > 0 && model.size > total)
      return `${has} and this host ${gigabytes(total)} GB of memory: without a large GPU it will not run`;
    if (model.size > free && total > 0)
      return `${has}, and of this host's ${gigabytes(total)} GB of memory ${gigabytes(free)} GB are free now: without a large GPU it may not run beside what holds the rest`;
    return [];
  });
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
