import { createHash } from "node:crypto";
import { connectEngine } from "../../../src/engine/connect-engine.ts";
import { fullImageReference, parseImageReference } from "../../../src/core/image-reference.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { testRegistry } from "../../support/hosts.ts";
import { buildStandInImage } from "../../support/ollama-stand-in/image/build-stand-in-image.ts";
import { standInContext } from "../../support/ollama-stand-in/image/stand-in-context.ts";
import type { DockerHost } from "./docker-host.ts";

const WANTED = process.env["BUNDLE_TEST_OLLAMA_IMAGE"] ?? "ollama/ollama:0.24.0";

/**
 * The reference of an Ollama image in the test registry: the real one where the engine has it or can pull it, else the
 * stand-in. The engine that pushes it there does not keep it under that name, so it is pulled for the bundle.
 */
export async function ollamaImageInRegistry(docker: DockerHost): Promise<string> {
  const engine = await connectEngine({ dockerHost: docker.host.dockerHost, env: {} });
  const real = fullImageReference(parseImageReference(WANTED));
  if (await hasOrPulls(engine, real)) {
    return push(
      docker,
      real,
      `${testRegistry()}/real/${parseImageReference(WANTED).repository}:${tagOf(WANTED)}`,
    );
  }
  const context = createHash("sha256")
    .update(await standInContext())
    .digest("hex");
  const reference = `${testRegistry()}/stand-in/${context.slice(0, 12)}:0.24.0`;
  if (await isInRegistry(reference)) return reference;
  await buildStandInImage(engine, { reference });
  return push(docker, reference, reference);
}

async function hasOrPulls(engine: Engine, reference: string): Promise<boolean> {
  if ((await engine.image(reference)) !== undefined) return true;
  return engine.pull(reference, { signal: AbortSignal.timeout(600_000) }).then(
    () => true,
    () => false,
  );
}

async function push(docker: DockerHost, image: string, reference: string): Promise<string> {
  if (image !== reference) await docker.docker("tag", image, reference);
  await docker.docker("push", reference);
  await docker.docker("rmi", reference);
  return reference;
}

async function isInRegistry(reference: string): Promise<boolean> {
  const { registry, repository, tag } = parseImageReference(reference);
  const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${tag}`, {
    method: "HEAD",
    headers: { Accept: "application/vnd.docker.distribution.manifest.v2+json" },
  });
  return answer.ok;
}

function tagOf(reference: string): string {
  return parseImageReference(reference).tag ?? "latest";
}
