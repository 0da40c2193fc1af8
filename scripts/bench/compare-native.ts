import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startOllamaStandIn } from "../../test/support/ollama-stand-in/start-ollama-stand-in.ts";
import { MODELS_BUNDLE } from "./compare-create.ts";
import type { Comparison } from "./comparison.ts";
import type { Ran } from "./measure.ts";
import type { Workbench } from "./workbench.ts";

/** The Ollama whose store it is runs in this process; it has little to do. */
export function compareInstallNative(bench: Workbench): Comparison {
  const store = join(bench.out, "store");
  const reads = [MODELS_BUNDLE];
  const install = async (): Promise<Ran> => {
    await using server = await startOllamaStandIn({ models: store });
    const into = ["--models-in", "native", "--store", store, "--ollama-url", server.url];
    return await bench.install([MODELS_BUNDLE, ...into]);
  };
  const prepare = () => mkdir(store);
  const extract = `mkdir extracted && tar -C extracted -xzf ${MODELS_BUNDLE}`;
  return {
    ours: { name: "install --models-in native", prepare, reads, run: install, writes: "store" },
    yardsticks: [{ name: "tar -xzf", reads, run: () => bench.shell(extract), writes: "extracted" }],
  };
}
