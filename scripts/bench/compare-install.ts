import { join } from "node:path";
import { freePort } from "../../test/health/free-port.ts";
import { type BenchEngine, IMAGE, NAME } from "./bench-engine.ts";
import { BY_HAND, FULL_BUNDLE } from "./compare-create.ts";
import { type Comparison, atMost, faster } from "./comparison.ts";
import type { Ran, Step } from "./measure.ts";
import type { Workbench } from "./workbench.ts";

const TAG = `${NAME}:installed`;
/** What an installation has loaded, base image and models, as `docker save` writes it. */
const LAYERS = "layers.tar";

export function compareInstallImage(bench: Workbench, engine: BenchEngine): Comparison {
  const { directory, image, files } = bench.content;
  const loadAndBuild = `docker load -i ${image} && ${dockerBuild(directory)}`;
  const install = (): Promise<Ran> => runInstall(bench, engine, ["image"]);
  return {
    ours: { ...onEngine(engine, "install --models-in image", install), reads: [FULL_BUNDLE] },
    yardsticks: [
      {
        ...onEngine(engine, "docker load", () => bench.shell(`docker load -i ${LAYERS}`)),
        prepare: async () => {
          await engine.empty();
          await install();
          await engine.docker("save", "-o", join(bench.out, LAYERS), TAG);
          await engine.empty();
        },
        reads: [LAYERS],
        targets: [atMost(1.15)],
      },
      {
        name: "docker build",
        prepare: async () => {
          await engine.empty();
          await engine.docker("load", "-i", image);
        },
        reads: files,
        run: () => bench.shell(dockerBuild(directory)),
        // The base image was there before.
        cleanUp: () => engine.docker("rmi", TAG),
        targets: [faster(1)],
      },
      {
        ...onEngine(engine, "docker load, docker build", () => bench.shell(loadAndBuild)),
        reads: [image, ...files],
        targets: [atMost(1, "diskPeak")],
      },
    ],
  };
}

export function compareInstallVolume(bench: Workbench, engine: BenchEngine): Comparison {
  const { image, store, files } = bench.content;
  const byHand = [
    `sha256sum ${BY_HAND}`,
    "mkdir hand",
    `tar -C hand -xzf ${BY_HAND}`,
    "docker load -i hand/image.tar",
    dockerBuild("hand"),
  ].join(" && ");
  const copy = [
    `docker load -i ${image}`,
    `docker create --name ${NAME} -v ${NAME}:/opt/ollama/models ${IMAGE}`,
    `docker cp ${store}/. ${NAME}:/opt/ollama/models`,
  ].join(" && ");
  const hand = onEngine(engine, "sha256sum, tar -xzf, docker load, docker build", () =>
    bench.shell(byHand),
  );
  const install = (): Promise<Ran> => runInstall(bench, engine, ["volume", "--volume", NAME]);
  return {
    ours: { ...onEngine(engine, "install --models-in volume", install), reads: [FULL_BUNDLE] },
    yardsticks: [
      { ...hand, reads: [BY_HAND], writes: "hand", targets: [faster(4)] },
      {
        ...onEngine(engine, "docker load, docker cp", () => bench.shell(copy)),
        reads: [image, ...files],
      },
    ],
  };
}

async function runInstall(
  bench: Workbench,
  { host }: BenchEngine,
  modelsIn: readonly string[],
): Promise<Ran> {
  const names = ["--container", NAME, "--tag", TAG, "-p", String(await freePort())];
  const how = [FULL_BUNDLE, ...names, "--models-in", ...modelsIn];
  return bench.install(how, host.networkNamespace);
}

function onEngine(engine: BenchEngine, name: string, run: () => Promise<Ran>): Step {
  const cleanUp = (): Promise<void> => engine.removeInstalled();
  return { name, prepare: () => engine.empty(), run, cleanUp };
}

function dockerBuild(directory: string): string {
  return `docker build -q -f ${directory}/Dockerfile.models --build-arg BASE=${IMAGE} -t ${TAG} ${directory}`;
}
