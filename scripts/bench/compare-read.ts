import { writeFile } from "node:fs/promises";
import { FULL_BUNDLE, MODELS_BUNDLE } from "./compare-create.ts";
import { type Comparison, type Yardstick, faster, within } from "./comparison.ts";
import type { Workbench } from "./workbench.ts";

export function compareVerifyModels(bench: Workbench): Comparison {
  const name = "verify, models only";
  return {
    ours: { name, reads: [MODELS_BUNDLE], run: () => bench.bundle("verify", MODELS_BUNDLE) },
    yardsticks: [
      { ...types(bench, "openssl dgst -sha256", MODELS_BUNDLE), targets: [faster(1.7)] },
      types(bench, "sha256sum", MODELS_BUNDLE),
    ],
  };
}

export function compareVerifyAll(bench: Workbench): Comparison {
  const name = "verify, image and models";
  return {
    ours: { name, reads: [FULL_BUNDLE], run: () => bench.bundle("verify", FULL_BUNDLE) },
    yardsticks: [{ ...types(bench, "gzip -t", FULL_BUNDLE), targets: [faster(2.5)] }],
  };
}

/** Works for root on Linux alone. */
export function compareVerifyCold(bench: Workbench): Comparison {
  const prepare = () => writeFile("/proc/sys/vm/drop_caches", "3\n");
  const name = "verify, image and models, cold cache";
  const cat = { ...types(bench, "cat", FULL_BUNDLE), name: "cat, cold cache", reads: [] };
  return {
    ours: { name, prepare, run: () => bench.bundle("verify", FULL_BUNDLE) },
    yardsticks: [{ ...cat, prepare }],
  };
}

export function compareInspect(bench: Workbench): Comparison {
  const node = () => bench.shell(`${process.execPath} -e 0`);
  return {
    ours: { name: "inspect", run: () => bench.bundle("inspect", FULL_BUNDLE) },
    yardsticks: [{ name: "Node's own start: node -e 0", run: node, targets: [within(0.3)] }],
  };
}

function types(bench: Workbench, command: string, file: string): Yardstick {
  return { name: command, reads: [file], run: () => bench.shell(`${command} ${file} > /dev/null`) };
}
