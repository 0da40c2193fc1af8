import { type BenchEngine, IMAGE, NAME } from "./bench-engine.ts";
import { type Comparison, atMost, faster } from "./comparison.ts";
import type { Ran } from "./measure.ts";
import type { Workbench } from "./workbench.ts";

/** What create leaves for the measures after it, and `tar -czf` for those by hand. */
export const MODELS_BUNDLE = "models.tar.gz";
export const FULL_BUNDLE = `${NAME}.tar.gz`;
export const BY_HAND = "by-hand.tar.gz";

export function compareCreateModels(bench: Workbench): Comparison {
  const { files: reads, directory } = bench.content;
  const run = (command: string) => () => bench.shell(command);
  const cat = { reads, writes: "cat", run: run(`cat ${reads.join(" ")} > cat && sync cat`) };
  const tar = { reads, writes: "tar", run: run(`tar -C ${directory} -cf tar models && sync tar`) };
  return {
    ours: {
      name: "create, models only",
      prepare: () => bench.clear(),
      reads,
      run: () => createModels(bench),
      writes: MODELS_BUNDLE,
      keeps: true,
    },
    yardsticks: [
      { name: "cat, sync", ...cat, targets: [atMost(1.25)] },
      { name: "tar -cf, sync", ...tar },
    ],
  };
}

export function compareCreateAll(bench: Workbench, engine: BenchEngine): Comparison {
  const { files, directory, image } = bench.content;
  const reads = [image, ...files];
  const what = `-C ${directory} Dockerfile.models .dockerignore image.tar models`;
  return {
    ours: {
      name: "create, image and models",
      prepare: async () => {
        await bench.clear();
        await engine.docker("load", "-i", image);
      },
      reads,
      run: () => createAll(bench),
      writes: FULL_BUNDLE,
      keeps: true,
      cleanUp: () => engine.removeInstalled(),
    },
    yardsticks: [
      {
        name: "tar -czf",
        reads,
        run: () => bench.shell(`tar -czf ${BY_HAND} ${what}`),
        writes: BY_HAND,
        keeps: true,
        targets: [faster(5)],
      },
      {
        name: "tar | pigz",
        reads,
        run: () => bench.shell(`tar -cf - ${what} | pigz > pigz`),
        writes: "pigz",
        targets: [faster(2), atMost(1.03, "written")],
      },
    ],
  };
}

/** Brings everything into the staging volume; an image has to be on the engine. */
export async function fillStaging(bench: Workbench): Promise<void> {
  await bench.clear();
  await (bench.content.imageSize > 0 ? createAll(bench) : createModels(bench));
}

function createModels(bench: Workbench): Promise<Ran> {
  return create(bench, "none", MODELS_BUNDLE);
}

function createAll(bench: Workbench): Promise<Ran> {
  return create(bench, IMAGE, FULL_BUNDLE);
}

function create(bench: Workbench, image: string, output: string): Promise<Ran> {
  const models = ["--models", "large,small", "--from-store", bench.content.store];
  return bench.bundle("create", ...models, "--image", image, "-o", output);
}
