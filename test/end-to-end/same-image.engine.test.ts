import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { builtImage, uniqueName } from "../support/built-image.ts";
import { type EngineHost, describeEngine, testRegistry } from "../support/hosts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { tinyProgram } from "../support/tiny-program.ts";
import { bundleSucceeds } from "./support/bundle-command.ts";
import { DockerHost } from "./support/docker-host.ts";
import { type Inspection, readInspection } from "./support/served-models.ts";

/** Unlike any other: an engine with the containerd store pulls no layer that another image of it has unpacked. */
const unique = uniqueName();

describeEngine("docker-20.10", "an image that was pushed from", (older) => {
  let reference: string;
  let home: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    reference = `${testRegistry()}/same/${unique}:0.24.0`;
    home = await temporaryDirectory();
    const engine = await connectEngine({ dockerHost: older.dockerHost, env: {} });
    const instructions = ["COPY a /bin/a", "COPY b /etc/b", "COPY b /etc/b", 'CMD ["/bin/a"]'];
    const files = { a: tinyProgram({ prints: unique }), b: Buffer.alloc(100_000, unique) };
    await using image = await builtImage(engine, { instructions, files }, reference);
    await new DockerHost(older).docker("push", image.reference);
  });
  afterAll(() => home[Symbol.asyncDispose]());

  describeEngine("docker-28", "and bundled on both and on", (newer) => {
    test("is the same in both bundles: reference, config, manifest and layers", async () => {
      const [first, second] = [await imagesBundledOn(older), await imagesBundledOn(newer)];
      expect(first).toHaveLength(1);
      expect(first[0]?.diffIds).toHaveLength(3);
      expect(second).toEqual(first);
    });
  });

  async function imagesBundledOn(host: EngineHost): Promise<Inspection["images"]> {
    const { name, dockerHost } = host;
    const at = { home: home.path, env: { DOCKER_HOST: dockerHost } };
    const [staging, file] = [join(home.path, name), `${name}.tar.gz`];
    const what = ["--models", "none", "--image", reference, "--staging", staging, "-o", file];
    await bundleSucceeds(["create", ...what], at);
    await new DockerHost(host).remove({ images: [reference] });
    await bundleSucceeds(["verify", file], at);
    return readInspection((await bundleSucceeds(["inspect", "--json", file], at)).stdout).images;
  }
});
