import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeTar } from "../../src/core/tar.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { VOLUME_PATH, createVolumeReader } from "../../src/engine/volume-reader.ts";
import { uniqueName } from "../support/built-image.ts";
import { describeEngine } from "../support/hosts.ts";
import type { ModelRegistry } from "../support/model-registry.ts";
import { type RunningCommand, startBundle } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";
import { DockerHost, type EngineState } from "./support/docker-host.ts";
import { ollamaImageInRegistry } from "./support/ollama-image.ts";
import { registryBesideEngine, registryForContainers } from "./support/registry-for-containers.ts";

const SEVERAL_CHUNKS = 10 * 1024 * 1024;
const PROXY = "http://ann:hidden@127.0.0.1:9";
const MODELS = ["tiny", "tiny:second", "big"];

describeEngine("docker-20.10", "models that Ollama pulls, on", (host) => {
  const docker = new DockerHost(host);
  const volume = `pulled-${uniqueName()}`;
  let side: ConnectedSide;
  let registry: ModelRegistry;
  let engine: Engine;
  let image: string;
  let expected: Buffer;
  let before: EngineState;
  beforeAll(async () => {
    side = await connectedSide([{ name: "big", size: SEVERAL_CHUNKS }]);
    registry = await registryForContainers(docker, side.store);
    engine = await connectEngine({ dockerHost: host.dockerHost, env: {} });
    image = await ollamaImageInRegistry(docker);
    expected = await bundleOf(docker, registry.host, []);
    before = await docker.state();
  });
  afterAll(async () => {
    await docker.remove({ images: [image], volumes: [volume] });
    await registry[Symbol.asyncDispose]();
    await side[Symbol.asyncDispose]();
  });

  test("are there after a SIGKILL in the middle and another try: the same bundle as from their registry, and nothing left but the volume", async () => {
    await forgetModels();
    const { running, container } = await stalledPull(volume, "SIGKILL.log");
    running.kill("SIGKILL");
    await running.ended;
    expect(await engine.container(container), "what a kill leaves").toBeDefined();
    registry.setFaults([]);
    const bytes = await bundleOf(docker, registry.host, pulling(volume));
    expect(bytes.equals(expected), "the same bytes").toBe(true);
    const volumes = [...before.volumes, volume].toSorted();
    expect(await docker.state()).toEqual({ ...before, volumes });
  });

  test("are not fetched a second time, but for two blobs of which the volume has wrong bytes", async () => {
    await forgetModels();
    const blobs = [await weightsOf("tiny/latest"), await weightsOf("big/latest")];
    await damage(blobs);
    registry.forgetRequests();
    const { stderr } = await docker.bundleSucceeds(create(registry.host, pulling(volume)), at());
    for (const blob of blobs)
      expect(stderr).toMatch(
        new RegExp(`"blobs/${blob}" of the volume "${volume}".*Ollama pulled it again`),
      );
    expect((await readFile(output())).equals(expected), "the same bytes").toBe(true);
    const fetched = registry.requests.filter(({ kind }) => kind === "blob");
    const digests = new Set(fetched.map(({ path }) => path.split("/").at(-1)));
    expect(digests).toEqual(new Set(blobs.map((blob) => blob.replace("-", ":"))));
  });

  test("are named, with Ollama's words, where it cannot pull them", async () => {
    const args = create(registry.host, pulling(volume), ["nothere"]);
    const { exitCode, stderr } = await docker.bundle(args, at());
    expect(exitCode).toBe(3);
    expect(stderr).toContain(
      `Ollama cannot pull "${registry.host}/library/nothere:latest": pull model manifest: file does not exist`,
    );
    expect((await docker.state()).containers).toEqual(before.containers);
  });

  test("are planned by --dry-run without a container and without a volume", async () => {
    const other = `never-${uniqueName()}`;
    const args = [...create(registry.host, pulling(other)), "--dry-run"];
    const { stdout } = await docker.bundleSucceeds(args, at());
    expect(stdout).toContain(`comes from Ollama, which pulls it into the volume "${other}"`);
    expect(stdout).toMatch(/model +\S+\/library\/big:latest +not known yet/);
    expect((await docker.state()).volumes).not.toContain(other);
  });

  test("do not go into a volume that was there and is not ours", async () => {
    const other = `theirs-${uniqueName()}`;
    await docker.docker("volume", "create", other);
    try {
      const { exitCode, stderr } = await docker.bundle(create(registry.host, pulling(other)), at());
      expect(exitCode).toBe(7);
      expect(stderr).toContain(
        `Cannot have Ollama pull into the volume "${other}": it is there, and ollama-bundle did not make it`,
      );
      expect(stderr).toContain(`--from-store volume:${other}`);
    } finally {
      await docker.remove({ volumes: [other] });
    }
  });

  test("leave no container after Ctrl-C in the middle, and no word of a proxy's password", async () => {
    const other = `cut-${uniqueName()}`;
    await forgetModels();
    try {
      const { running, container } = await stalledPull(other, "SIGINT.log");
      expect((await engine.container(container))?.env).toContain(`HTTPS_PROXY=${PROXY}`);
      running.kill("SIGINT");
      const { exitCode, stdout, stderr } = await running.ended;
      expect(exitCode).toBe(130);
      expect(await engine.container(container)).toBeUndefined();
      const log = await readFile(join(side.path, "SIGINT.log"), "utf8");
      expect(`${stdout}${stderr}${log}`).not.toContain("hidden");
    } finally {
      registry.setFaults([]);
      await docker.remove({ volumes: [other] });
    }
  });

  describeEngine("docker-28", "and on", (newerHost) => {
    const newer = new DockerHost(newerHost);

    test("give the same bundle as their registry, and leave the volume and nothing else", async () => {
      await using beside = await registryBesideEngine(newer, side.store);
      try {
        const fromRegistry = await bundleOf(newer, beside.host, []);
        await forgetModels();
        const earlier = await newer.state();
        const bytes = await bundleOf(newer, beside.host, pulling(volume));
        expect(bytes.equals(fromRegistry), "the same bytes").toBe(true);
        const volumes = [...earlier.volumes, volume].toSorted();
        expect(await newer.state()).toEqual({ ...earlier, volumes });
      } finally {
        await newer.remove({ images: [image], volumes: [volume] });
      }
    });
  });

  /** A create whose Ollama waits for a large blob's bytes. */
  async function stalledPull(
    into: string,
    log: string,
  ): Promise<{ readonly running: RunningCommand; readonly container: string }> {
    registry.forgetRequests();
    const on = { kind: "blob", path: (await weightsOf("big/latest")).replace("-", ":") } as const;
    // Its length and its address are asked for first.
    registry.setFaults([{ on, skip: 2, effect: { type: "stall", afterBytes: 1_000_000 } }]);
    const env = { DOCKER_HOST: host.dockerHost, HTTPS_PROXY: PROXY };
    const args = [...create(registry.host, pulling(into)), "--log", log];
    const running = startBundle(args, { ...at(), env });
    await registry.until((requests) => requests.some(({ fault }) => fault === "stall"));
    return { running, container: `ollama-bundle-pull-${into}` };
  }

  function pulling(name: string): string[] {
    return ["--staging", `volume:${name}`, "--pull-with", "ollama"];
  }

  function create(registryHost: string, from: readonly string[], names = MODELS): string[] {
    const models = names.map((name) => `${registryHost}/library/${name}`).join(",");
    const what = [
      "--models",
      models,
      "--image",
      image,
      "--name",
      "same",
      "-o",
      output(),
      "--force",
    ];
    return ["create", ...what, "--insecure-registry", registryHost, ...from];
  }

  async function bundleOf(
    on: DockerHost,
    registryHost: string,
    from: readonly string[],
  ): Promise<Buffer> {
    await on.bundleSucceeds(create(registryHost, from), at());
    return readFile(output());
  }

  function output(): string {
    return join(side.path, "same.tar.gz");
  }

  function at() {
    return { home: side.path };
  }

  /** What models have is removed from the staging volume here; the image stays, for the time that it takes. */
  async function forgetModels(): Promise<void> {
    const staged = join(side.path, "cache/ollama-bundle/staging/blobs/sha256");
    for (const name of await readdir(join(side.store, "blobs")))
      await rm(join(staged, name.replace("sha256-", "")), { force: true });
  }

  /** `sha256-<hex>` of a model's largest blob. */
  async function weightsOf(model: string): Promise<string> {
    const manifest = join(side.store, "manifests/registry.ollama.ai/library", model);
    const { layers } = JSON.parse(await readFile(manifest, "utf8"));
    return layers[0].digest.replace(":", "-");
  }

  async function damage(blobs: readonly string[]): Promise<void> {
    await using reader = await createVolumeReader(engine, volume, {});
    const entries = await Promise.all(
      blobs.map(async (blob) => {
        const content = await readFile(join(side.store, "blobs", blob));
        content[1000] = (content[1000] ?? 0) ^ 1;
        return { path: `models/blobs/${blob}`, size: content.length, content };
      }),
    );
    const { container } = reader;
    await engine.putArchive({ container, path: VOLUME_PATH }, writeTar(entries), {});
  }
});
