import { HostError } from "../core/errors.ts";
import type {
  EngineContainer,
  EngineImage,
  EngineInfo,
  EngineNetwork,
  EngineVolume,
} from "../engine/engine.ts";
import { LABEL } from "./installation-id.ts";

const PREDEFINED = ["bridge", "host", "none", "podman"];

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
  if (container === undefined || isOurServer(container)) return undefined;
  const { name, image, isRunning } = container;
  return new HostError(
    "NAME_TAKEN",
    `the container name "${name}" is taken: that one is ${isRunning ? "running" : "stopped"}, with the image "${image}", and was not made by ollama-bundle`,
    {
      hint: `Choose another name with --container, or remove that one: docker rm -f ${name}`,
    },
  );
}

export function tagProblem(tag: string, image: EngineImage | undefined): HostError | undefined {
  if (image === undefined || image.labels[LABEL.installation] !== undefined) return undefined;
  return new HostError(
    "NAME_TAKEN",
    `the image name "${tag}" is taken by ${image.id}, which was not made by ollama-bundle`,
    { hint: `Choose another name with --tag, or remove that one: docker rmi ${tag}` },
  );
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
      hint: `Choose another name: --volume ${volume.name}-2. To give that one up with all that is in it: docker volume rm ${volume.name}`,
    },
  );
}

/** Others there reach the server by this name. */
export const NETWORK_ALIAS = "ollama";

/** `replaced` is the name of the container that goes. */
export function networkProblem(
  name: string | undefined,
  network: EngineNetwork | undefined,
  replaced: string | undefined,
): HostError | undefined {
  if (name === undefined) return undefined;
  if (network === undefined) {
    return new HostError("NAME_TAKEN", `there is no network "${name}"`, {
      hint: `Make it: docker network create ${name}. Or give one of those that \`docker network ls\` lists.`,
    });
  }
  if (PREDEFINED.includes(network.name)) {
    return new HostError(
      "NAME_TAKEN",
      `the network "${name}" is one of the engine's own, in which containers have no names`,
      { hint: "Leave --network out, or make one: docker network create ollama-net" },
    );
  }
  if (replaced === NETWORK_ALIAS || !network.containers.includes(NETWORK_ALIAS)) return undefined;
  return new HostError(
    "NAME_TAKEN",
    `in the network "${name}" a container is called "${NETWORK_ALIAS}" already`,
    { hint: `Take that one out: docker network disconnect ${name} ${NETWORK_ALIAS}` },
  );
}

/** Whether an installation made this container, to serve. */
export function isOurServer({ labels }: EngineContainer): boolean {
  return labels[LABEL.installation] !== undefined && labels[LABEL.role] === "server";
}

export function sameLayers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((diffId, index) => diffId === b[index]);
}
