import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueName } from "../support/built-image.ts";
import { describeEngine } from "../support/hosts.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";
import { DockerHost } from "./support/docker-host.ts";
import { installedNames } from "./support/installed-names.ts";
import { MEMORY_LIMIT, MODEL_SIZE, peakOf } from "./support/memory.ts";
import { ollamaImageInRegistry } from "./support/ollama-image.ts";

describeEngine(
  "docker-20.10",
  "with a model of 1 GiB, peak memory stays within 256 MiB on",
  (host) => {
    const docker = new DockerHost(host);
    const name = uniqueName();
    let side: ConnectedSide;
    let image: string;
    beforeAll(async () => {
      side = await connectedSide([{ name: "big", size: MODEL_SIZE }]);
      image = await ollamaImageInRegistry(docker);
    });
    afterAll(async () => {
      await docker.remove({ images: [image] });
      await side[Symbol.asyncDispose]();
    });

    test("in create from a store", async () => {
      const what = ["--models", "big", "--image", image, "--name", name];
      const create = ["create", ...what, "--from-store", side.store];
      const created = await docker.bundleSucceeds(create, { home: side.path });
      expect(peakOf("create --from-store", created)).toBeLessThanOrEqual(MEMORY_LIMIT);
    });

    describe.each(["image", "volume"])("in install in `%s` mode", (modelsIn) => {
      const names = installedNames(modelsIn);
      afterAll(() => docker.remove(names.on(name)));

      let port: number;
      beforeAll(async () => {
        port = await docker.freePort();
      });

      test.each(["with its health check", "again, when everything is there"])(
        "%s",
        async (when) => {
          const how = ["--models-in", modelsIn, ...names.options, "-p", String(port)];
          const install = ["install", "bundle.tar.gz", ...how];
          const installed = await docker.bundleSucceeds(install, { home: side.path });
          const peak = peakOf(`install --models-in ${modelsIn}, ${when}`, installed);
          expect(peak).toBeLessThanOrEqual(MEMORY_LIMIT);
        },
      );
    });
  },
);
