import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueName } from "../support/built-image.ts";
import { type EngineHost, describeEngine, spawnOnHost } from "../support/hosts.ts";
import { type ConnectedSide, TINY_MODELS, connectedSide } from "./support/connected-side.ts";
import { DockerHost } from "./support/docker-host.ts";
import { installedNames } from "./support/installed-names.ts";
import { ollamaImageInRegistry } from "./support/ollama-image.ts";
import { type ModelDigests, readInspection, servedModels } from "./support/served-models.ts";

/** Nobody listens there: whoever asks a proxy fails, and at once. */
const DEAD_PROXY = "http://127.0.0.1:9";
const deadProxies = Object.fromEntries(
  ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [
    [name, DEAD_PROXY],
    [name.toLowerCase(), DEAD_PROXY],
  ]),
);

describeEngine("docker-20.10", "without any network, what was created on", (creatingHost) => {
  const creating = new DockerHost(creatingHost);
  const name = uniqueName();
  let side: ConnectedSide;
  let image: string;
  let bundle: string;
  let digests: ModelDigests;
  beforeAll(async () => {
    side = await connectedSide();
    image = await ollamaImageInRegistry(creating);
    bundle = join(side.path, "bundle.tar.gz");
    const what = ["--models", TINY_MODELS, "--image", image, "--name", name, "-o", bundle];
    await creating.bundleSucceeds(["create", ...what, "--from-store", side.store], {
      home: side.path,
    });
    const inspect = ["inspect", "--json", bundle];
    digests = readInspection(
      (await creating.bundleSucceeds(inspect, { home: side.path })).stdout,
    ).digests;
    await creating.remove({ images: [image] });
  });
  afterAll(() => side[Symbol.asyncDispose]());

  describeEngine("docker-20.10-offline", "installs on", describeInstall);
  describeEngine("docker-28", "installs on", describeInstall);

  function describeInstall(host: EngineHost): void {
    const docker = new DockerHost(host);

    test("where there is no way out", async () => {
      const routes = await docker.succeeds(["cat", "/proc/net/route"]);
      const destinations = routes.stdout
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(/\s+/)[1]);
      expect(destinations).not.toContain("00000000");
      const out = await spawnOnHost(host, [process.execPath, "-e", "fetch('http://192.0.2.1')"]);
      expect(out.stderr).toMatch(/ENETUNREACH/);
    });

    describe.each(["image", "volume"])("in `%s` mode", (modelsIn) => {
      const names = installedNames(modelsIn);
      afterAll(() => docker.remove(names.on(name)));

      test("without a pull, past dead proxies, and serves", async () => {
        const started = new Date();
        const port = await docker.freePort();
        const how = ["--models-in", modelsIn, ...names.options, "-p", String(port)];
        const options = { home: side.path, env: deadProxies };
        await docker.bundleSucceeds(["verify", bundle], options);
        await docker.bundleSucceeds(["install", bundle, ...how], options);
        const url = `http://127.0.0.1:${port}`;
        expect(servedModels(await docker.get(`${url}/api/tags`))).toEqual(digests);

        const events = await docker.eventsSince(started);
        const imageActions = events
          .filter(({ Type }) => Type === "image")
          .map(({ Action }) => Action);
        expect(imageActions).toContain("load");
        expect(imageActions).not.toContain("pull");
      });
    });
  }
});
