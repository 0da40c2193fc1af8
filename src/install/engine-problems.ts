import { HostError } from "../core/errors.ts";
import type { EngineContainer, EngineImage, EngineInfo, EngineVolume } from "../engine/engine.ts";
import { LABEL } from "./installation-id.ts";

/** Each of these says what on the engine is in the way, and who has it; undefined where nothing is. */

export function platformProblem(
  platform: string,
  { platform: found, product }: EngineInfo,
): HostError | undefined {
  if (platform === found) return undefined;
  return new HostError(
    "WRONG_PLATFORM",
    `the bundle is for ${platform}, and ${product} here runs ${found}`,
    {
      hint: `Create a bundle with --platform ${found}.`,
    },
  );
}

export function containerProblem(container: EngineContainer | undefined): HostError | undefined {
  if (container === undefined) return undefined;
  const { name, image, isRunning, labels } = container;
  const whose = labels[LABEL.installation] === undefined ? "" : ", from an earlier installation";
  return new HostError(
    "NAME_TAKEN",
    `the container name "${name}" is taken: that one is ${isRunning ? "running" : "stopped"}, with the image "${image}"${whose}`,
    {
      hint: `Choose another name with --container, or remove that one: docker rm -f ${name}`,
    },
  );
}

export function tagProblem(tag: string, image: EngineImage | undefined): HostError | undefined {
  if (image === undefined) return undefined;
  const whose =
    image.labels[LABEL.installation] === undefined ? "" : ", from an earlier installation";
  return new HostError("NAME_TAKEN", `the image name "${tag}" is taken by ${image.id}${whose}`, {
    hint: `Choose another name with --tag, or remove that one: docker rmi ${tag}`,
  });
}

/** The name under which the image is loaded may be there from an earlier installation, for the very same image. */
export function loadedNameProblem(
  name: string,
  image: EngineImage | undefined,
  diffIds: readonly string[],
): HostError | undefined {
  if (image === undefined || sameLayers(image.diffIds, diffIds)) return undefined;
  return new HostError(
    "NAME_TAKEN",
    `the image name "${name}" is taken by another image, ${image.id}`,
    {
      hint: `Remove it: docker rmi ${name}`,
    },
  );
}

export function volumeProblem(volume: EngineVolume | undefined): HostError | undefined {
  if (volume === undefined || volume.labels[LABEL.role] === "models") return undefined;
  return new HostError(
    "NAME_TAKEN",
    `the volume "${volume.name}" is there and was not made by ollama-bundle`,
    {
      hint: "Choose another name with --volume.",
    },
  );
}

export function sameLayers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((diffId, index) => diffId === b[index]);
}
