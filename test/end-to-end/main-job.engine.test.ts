import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueName } from "../support/built-image.ts";
import { type EngineHost, describeEngine } from "../support/hosts.ts";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { bundleSucceeds } from "./support/bundle-command.ts";
import { type ConnectedSide, TINY_MODELS, connectedSide } from "./support/connected-side.ts";
import { DockerHost } from "./support/docker-host.ts";
import { installedNames } from "./support/installed-names.ts";
import { ollamaImageInRegistry } from "./support/ollama-image.ts";
import {
  type Inspection,
  type ModelDigests,
  readInspection,
  servedModels,
} from "./support/served-models.ts";

describeEngine("docker-20.10", "the main job, created on", (creatingHost) => {
  const creating = new DockerHost(creatingHost);
  const name = uniqueName();
  let side: ConnectedSide;
  let image: string;
  let bundle: string;
  let inspection: Inspection & { readonly digests: ModelDigests };
  let createdAt: Date;

  beforeAll(async () => {
    side = await connectedSide();
    image = await ollamaImageInRegistry(creating);
    createdAt = new Date();
    await creating.bundleSucceeds(create("first"), { home: side.path });
    bundle = join(side.path, "first.tar.gz");
    inspection = await inspect(bundle);
  });
  afterAll(async () => {
    await creating.remove({ images: [image] });
    await side[Symbol.asyncDispose]();
  });

  test("has pulled the image from its registry and the models from theirs", async () => {
    const events = await creating.eventsSince(createdAt);
    expect(events).toContainEqual(expect.objectContaining({ Type: "image", Action: "pull" }));
    const kinds = new Set(side.registry.requests.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(["blob", "manifest"]);
  });

  test("has everything in it that was asked for", () => {
    const digests = side.tiny.models.map((model) => [model.name, model.manifest.sha256]);
    expect(inspection.digests).toEqual(Object.fromEntries(digests));
    expect(inspection.images).toEqual([
      expect.objectContaining({ reference: image, ollamaVersion: "0.24.0" }),
    ]);
  });

  test("verifies, with the 12 digits to read out", async () => {
    const { stdout } = await bundleSucceeds(["verify", bundle], { home: side.path });
    expect(stdout).toContain(inspection.id.slice(0, 12));
  });

  test("does not save the same image a second time, and gives the same bytes", async () => {
    const started = new Date();
    await creating.bundleSucceeds(create("second"), { home: side.path });
    const [first, second] = await Promise.all([
      readFile(bundle),
      readFile(join(side.path, "second.tar.gz")),
    ]);
    expect(first.equals(second), "the same bytes").toBe(true);
    const saved = (await creating.eventsSince(started)).filter(({ Action }) => Action === "save");
    expect(saved).toEqual([]);
  });

  test("installs into a store on the host", async () => {
    const store = await side.directory("native");
    await using server = await startOllamaStandIn({ models: store });
    const into = ["--models-in", "native", "--store", store, "--ollama-url", server.url];
    await bundleSucceeds(["install", bundle, ...into], { home: side.path });
    const tags = await (await fetch(`${server.url}/api/tags`)).text();
    expect(servedModels(tags)).toEqual(inspection.digests);
    await bundleSucceeds(["health", "--url", server.url], { home: side.path });
  });

  describeInstall(creatingHost);
  describeEngine("docker-28", "installed on", describeInstall);

  function describeInstall(host: EngineHost): void {
    describe.each(["image", "volume"])("in `%s` mode", (modelsIn) => {
      const docker = new DockerHost(host);
      const names = installedNames(modelsIn);
      let url: string;
      beforeAll(async () => {
        const port = await docker.freePort();
        url = `http://127.0.0.1:${port}`;
        const how = ["--models-in", modelsIn, ...names.options, "-p", String(port)];
        await docker.bundleSucceeds(["install", bundle, ...how], { home: side.path });
      });
      afterAll(() => docker.remove(names.on(name)));

      test("serves exactly the models of MODELS.json", async () => {
        expect(servedModels(await docker.get(`${url}/api/tags`))).toEqual(inspection.digests);
      });

      test("is healthy", async () => {
        const { stdout } = await docker.bundleSucceeds(["health", "--url", url], {
          home: side.path,
        });
        expect(stdout).toMatch(/tiny-embed:latest/);
      });

      test("serves again after a restart", async () => {
        await docker.docker("restart", names.container);
        await docker.untilAnswers(`${url}/api/version`);
        await docker.bundleSucceeds(["health", "--url", url], { home: side.path });
        expect(servedModels(await docker.get(`${url}/api/tags`))).toEqual(inspection.digests);
      });

      test("is started again by the engine, and listens on 127.0.0.1 alone", async () => {
        const told = await docker.docker("inspect", names.container);
        const [{ HostConfig: settings }] = JSON.parse(told);
        expect(settings.RestartPolicy.Name).toBe("unless-stopped");
        expect(Object.values(settings.PortBindings).flat()).toEqual([
          { HostIp: "127.0.0.1", HostPort: new URL(url).port },
        ]);
      });
    });
  }

  function create(file: string): string[] {
    const what = ["--models", TINY_MODELS, "--image", image, "--name", name];
    return ["create", ...what, "--model-registry", side.registry.url, "-o", `${file}.tar.gz`];
  }

  async function inspect(path: string): Promise<typeof inspection> {
    const { stdout } = await bundleSucceeds(["inspect", "--json", path], { home: side.path });
    return readInspection(stdout);
  }
});
