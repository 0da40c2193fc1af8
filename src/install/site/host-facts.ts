import { readFile, readdir } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { join } from "node:path";
import type { SiteFile } from "../../bundle/delta/site-file.ts";
import type { EngineContainer } from "../../engine/engine.ts";
import { portProblem } from "../port-problem.ts";

type HostFacts = SiteFile["host"];

const FIRST_PORT = 11_434;
const PORTS = 10;

/** PCI vendors whose display controllers Ollama computes on, by the number that Linux gives. */
const GPU_VENDORS: Readonly<Record<string, string>> = {
  "0x1002": "AMD GPU",
  "0x10de": "NVIDIA GPU",
  "0x8086": "Intel GPU",
};

/** What of this host decides whether an installation can work. Nothing that names it. */
export async function hostFacts({
  platform,
  containers,
  root = "/",
}: {
  readonly platform: string;
  /** Those of its engine. */
  readonly containers: readonly EngineContainer[];
  /** Where Linux has its /sys and /proc. */
  readonly root?: string | undefined;
}): Promise<HostFacts> {
  const [gpus, takenPorts] = await Promise.all([gpusBelow(root), portsTaken(containers)]);
  return { platform, memory: totalmem(), freeMemory: freemem(), gpus, takenPorts };
}

/** NVIDIA's driver tells names; of others the kernel tells the maker, and of AMD's the memory. */
async function gpusBelow(root: string): Promise<HostFacts["gpus"]> {
  const nvidia = join(root, "proc/driver/nvidia/gpus");
  const named: HostFacts["gpus"] = [];
  for (const gpu of await namesIn(nvidia)) {
    const text = await textOf(join(nvidia, gpu, "information"));
    named.push({ name: printableWord(/^Model:\s*(.+)$/m.exec(text)?.[1] ?? "NVIDIA GPU") });
  }
  const drm = join(root, "sys/class/drm");
  const cards = (await namesIn(drm)).filter((name) => /^card\d+$/.test(name));
  const others: HostFacts["gpus"] = [];
  for (const card of cards) {
    const vendor = (await textOf(join(drm, card, "device/vendor"))).trim();
    const name = GPU_VENDORS[vendor];
    if (name === undefined || (vendor === "0x10de" && named.length > 0)) continue;
    const memory = Number(await textOf(join(drm, card, "device/mem_info_vram_total")));
    others.push({ name, ...(Number.isSafeInteger(memory) && memory > 0 && { memory }) });
  }
  return [...named, ...others];
}

async function portsTaken(containers: readonly EngineContainer[]): Promise<number[]> {
  const ports = Array.from({ length: PORTS }, (_, index) => FIRST_PORT + index);
  const problems = await Promise.all(
    ports.map((port) => portProblem({ ip: "127.0.0.1", port }, { containers, isLocal: true })),
  );
  return ports.filter((_, index) => problems[index] !== undefined);
}

async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch((): string[] => [])).toSorted();
}

async function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

function printableWord(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "").slice(0, 100);
}
