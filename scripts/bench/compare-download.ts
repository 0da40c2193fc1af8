import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Comparison, atMost } from "./comparison.ts";
import { DIST, type Workbench } from "./workbench.ts";

const REGISTRY = join(import.meta.dirname, "../../test/support/model-registry/main.ts");

/** The tests' model registry, in a process of its own: it takes no time of ours. */
export async function startRegistry(store: string): Promise<{ readonly url: string } & Disposable> {
  const child = spawn(process.execPath, [REGISTRY, "--store", store], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // It goes on printing a line for each request, which is read and dropped.
  const [url] = await once(createInterface(child.stdout), "line");
  return { url, [Symbol.dispose]: () => void child.kill() };
}

export function compareDownload(bench: Workbench, url: string): Comparison {
  const { files: reads, largeBlobs } = bench.content;
  const ours = `${process.execPath} ${join(DIST, "../bench/pull.js")} ${url}`;
  const blobs = largeBlobs.map(({ sha256 }) => {
    return `-o curl/${sha256} ${url}/v2/library/large/blobs/sha256:${sha256}`;
  });
  const curl = `mkdir curl && curl -sSf ${blobs.join(" ")}`;
  const check = `${curl} && sync curl/* && sha256sum curl/*`;
  return {
    ours: { name: "download of a model", reads, run: () => bench.shell(ours), writes: "staging" },
    yardsticks: [
      { name: "curl", reads, run: () => bench.shell(curl), writes: "curl", targets: [atMost(1.3)] },
      { name: "curl, sync, sha256sum", reads, run: () => bench.shell(check), writes: "curl" },
    ],
  };
}
