import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thisProcess } from "../../src/core/process-owner.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { builtImage, uniqueName } from "../support/built-image.ts";
import { describeEngine } from "../support/hosts.ts";
import { bundleSucceeds, runBundle } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";
import { DockerHost } from "./support/docker-host.ts";
import { type StoreInEngine, storeInEngine } from "./support/store-in-engine.ts";

const SEVERAL_CHUNKS = 10 * 1024 * 1024;
const NO_REGISTRY = "http://127.0.0.1:1";

describe.each(["docker-20.10", "docker-28"] as const)("models that", (name) => {
  describeEngine(name, "are in an engine", (host) => {
    const docker = new DockerHost(host);
    let side: ConnectedSide;
    let engine: Engine;
    let inEngine: StoreInEngine;
    let expected: Buffer;
    let weights: string;
    beforeAll(async () => {
      side = await connectedSide([{ name: "big", size: SEVERAL_CHUNKS }]);
      engine = await connectEngine({ dockerHost: host.dockerHost, env: {} });
      inEngine = await storeInEngine(engine, side.store);
      expected = await created("directory", side.store);
      const manifest = join(side.store, "manifests/registry.ollama.ai/library/tiny/latest");
      const { layers } = JSON.parse(await readFile(manifest, "utf8"));
      weights = `blobs/${layers[0].digest.replace(":", "-")}`;
    });
    afterAll(async () => {
      await inEngine[Symbol.asyncDispose]();
      await side[Symbol.asyncDispose]();
    });

    test.each([
      ["a volume", () => `volume:${inEngine.volume}`],
      ["a container that does not run", () => `container:${inEngine.stopped}`],
      ["a container that runs, wherever it has its store", () => `container:${inEngine.running}`],
    ])("give the same bundle as a directory when they are in %s", async (what, from) => {
      const before = await docker.state();
      const bytes = await created(what.replaceAll(/\W+/g, "-"), from());
      expect(bytes.equals(expected), "the same bytes").toBe(true);
      expect(await docker.state(), "nothing is left, nothing is gone").toEqual(before);
    });

    // Nothing of what follows differs from engine to engine.
    if (name === "docker-28") return;

    test("are not packed where a blob in the volume is damaged and no registry answers: it is named", async () => {
      const before = await docker.state();
      await using _damage = await damaged(weights);
      const { exitCode, stderr } = await runBundle(
        args("damaged", `volume:${inEngine.volume}`),
        at(),
      );
      expect(exitCode).toBe(3);
      expect(stderr).toMatch(`"${weights}" of the volume "${inEngine.volume}", blob of`);
      expect(stderr).toContain(
        `and it cannot be had from the registry: Cannot reach ${NO_REGISTRY}`,
      );
      expect(await docker.state()).toEqual(before);
    });

    test("are whole in the bundle where a blob in the volume is damaged and a registry has it", async () => {
      await using _damage = await damaged(weights);
      const from = ["--model-registry", side.registry.url];
      const { stderr } = await bundleSucceeds(
        [...args("mended", `volume:${inEngine.volume}`), ...from],
        at(),
      );
      expect(stderr).toContain("It was fetched from the registry instead");
      expect((await read("mended")).equals(expected), "the same bytes").toBe(true);
    });

    test.each([
      ["a volume that is not there", "volume:no-such-volume"],
      ["a container that is not there", "container:no-such-container"],
    ])("are not looked for in %s, which is not made", async (_, from) => {
      const before = await docker.state();
      expect(await runBundle(args("none", from), at())).toMatchObject({
        exitCode: 5,
        stderr: expect.stringContaining("has none of that name"),
      });
      expect(await docker.state()).toEqual(before);
    });

    test("are not found in a volume that has no store, and it says where it looked", async () => {
      const volume = `empty-${uniqueName()}`;
      await engine.createVolume(volume, {});
      try {
        expect(await runBundle(args("empty", `volume:${volume}`), at())).toMatchObject({
          exitCode: 3,
          stderr: expect.stringContaining("there is no directory"),
        });
      } finally {
        await engine.removeVolume(volume);
      }
    });

    test("do not stay in use by what a killed create left", async () => {
      await using image = await builtImage(engine, { instructions: ["LABEL a=b"], files: {} });
      const container = `ollama-bundle-reader-${uniqueName()}`;
      // The same machine and process number, of a process that started at another time.
      const dead = thisProcess().replace(/\d+$/, "1");
      const labels = { "ollama-bundle.reader-of": dead };
      await engine.createContainer({
        name: container,
        image: image.reference,
        labels,
        entrypoint: ["/none"],
      });
      await created("after-a-kill", `volume:${inEngine.volume}`);
      expect(await engine.container(container)).toBeUndefined();
    });

    async function damaged(path: string): Promise<AsyncDisposable> {
      const content = await readFile(join(side.store, path));
      const wrong = Buffer.from(content);
      wrong[1000] = (wrong[1000] ?? 0) ^ 1;
      await inEngine.put(`models/${path}`, wrong);
      return { [Symbol.asyncDispose]: () => inEngine.put(`models/${path}`, content) };
    }

    async function created(directory: string, from: string): Promise<Buffer> {
      await bundleSucceeds(args(directory, from), at());
      return read(directory);
    }

    function args(directory: string, from: string): string[] {
      const what = ["--models", "tiny,tiny:second,big", "--image", "none", "--name", "same"];
      const where = ["--staging", `${directory}-staging`, "-o", `${directory}.tar.gz`];
      return ["create", ...what, "--from-store", from, ...where, "--model-registry", NO_REGISTRY];
    }

    function read(directory: string): Promise<Buffer> {
      return readFile(join(side.path, `${directory}.tar.gz`));
    }

    function at() {
      return { home: side.path, env: { DOCKER_HOST: host.dockerHost } };
    }
  });
});
