import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { beforeAll, describe, expect, it } from "vitest";
import { readTar, tarOf } from "../../src/core/tar.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { ContainerSpec, Engine } from "../../src/engine/engine.ts";
import { type BuiltImage, builtImage, uniqueName } from "../support/built-image.ts";
import { describeEngine, testRegistry } from "../support/hosts.ts";
import { tinyProgram } from "../support/tiny-program.ts";

describe.each(["docker-20.10", "docker-28"] as const)("the engine", (name) => {
  describeEngine(name, "through its API", (host) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await connectEngine({ dockerHost: host.dockerHost, env: {} });
    });

    it("tells what it is", async () => {
      const info = await engine.info();
      expect(info).toMatchObject({
        product: "Docker",
        apiVersion: host.apiVersion,
        usesContainerdStore: host.imageStore === "containerd",
      });
      expect(info.platform).toMatch(/^linux\/(amd64|arm64)$/);
      expect(info.memory).toBeGreaterThan(100_000_000);
    });

    it("builds without a network, describes and tags an image, and removes it with its last name", async () => {
      await using image = await helloImage(engine);
      const built = await engine.image(image.reference);
      expect(built).toMatchObject({
        tags: [image.reference],
        platform: (await engine.info()).platform,
        labels: { "test.label": "yes" },
      });
      expect(built?.diffIds).toHaveLength(1);
      const other = `docker.io/library/ollama-bundle-test:${uniqueName()}`;
      await engine.tag(image.reference, other);
      expect(await engine.image(other)).toMatchObject({ id: built?.id });
      await engine.removeImage(other);
      expect(await engine.image(other)).toBeUndefined();
      expect(await engine.image(image.reference)).toMatchObject({ id: built?.id });
    });

    it("builds one target on an image that it has, with arguments and labels", async () => {
      await using base = await helloImage(engine);
      const dockerfile =
        "ARG BASE\nFROM ${BASE} AS first\nLABEL stage=first\nFROM first AS second\nLABEL stage=second\n";
      const tag = `docker.io/library/ollama-bundle-test:${uniqueName()}`;
      const context = tarOf([{ path: "Dockerfile.models", content: Buffer.from(dockerfile) }]);
      const spec = { context, dockerfile: "Dockerfile.models", target: "first", tag };
      const id = await engine.build(
        { ...spec, args: { BASE: base.reference }, labels: { mine: "1" } },
        {},
      );
      const image = await engine.image(tag);
      await engine.removeImage(tag);
      expect(image).toMatchObject({
        id,
        labels: { stage: "first", mine: "1", "test.label": "yes" },
      });
    });

    it("fails to build on an image that it has not, with the engine's text", async () => {
      const building = builtImage(engine, { instructions: ["COPY missing /"], files: {} });
      await expect(building).rejects.toMatchObject({
        code: "ENGINE_FAILED",
        message: expect.stringContaining("missing"),
      });
    });

    it("loads what it saved", async () => {
      await using image = await helloImage(engine);
      const before = await engine.image(image.reference);
      const saved = await buffer(await engine.save(image.reference, {}));
      await engine.removeImage(image.reference);
      expect(await engine.image(image.reference)).toBeUndefined();
      expect(await engine.load(Readable.from([saved]), {})).toEqual([image.reference]);
      expect(await engine.image(image.reference)).toMatchObject({ diffIds: before?.diffIds });
    });

    it("says that it has no such image to save", async () => {
      await expect(
        engine.save("docker.io/library/ollama-bundle-test:none", {}),
      ).rejects.toMatchObject({
        name: "EngineError",
        code: "NOT_FOUND",
      });
    });

    it.each([
      ["nothing", Buffer.alloc(0)],
      ["a tar without an image", tarOf([{ path: "a", content: Buffer.from("a") }])],
      ["no tar", Buffer.alloc(10_240, "x")],
    ])("fails to load %s", async (_, bytes) => {
      await expect(engine.load(Readable.from([bytes]), {})).rejects.toMatchObject({
        name: "EngineError",
      });
    });

    it("passes on what breaks the stream that it loads", async () => {
      const failure = new RangeError("chunk 3 is damaged");
      const tar = Readable.from(
        (async function* () {
          yield tarOf([{ path: "a", content: Buffer.from("a") }]).subarray(0, 600);
          throw failure;
        })(),
      );
      await expect(engine.load(tar, {})).rejects.toBe(failure);
    });

    it("tells a pull of an unknown image from one of a registry that does not answer", async () => {
      const unknown = engine.pull(`${testRegistry()}/nothing/here:1`, {});
      await expect(unknown).rejects.toMatchObject({ code: "NOT_FOUND" });
      const unreachable = engine.pull("127.0.0.1:1/nothing/here:1", {});
      await expect(unreachable).rejects.toMatchObject({
        code: "ENGINE_FAILED",
        message: expect.stringContaining("connection refused"),
      });
    });

    it("runs a container to its end and removes it", async () => {
      await using image = await helloImage(engine);
      const spec = specOf(image);
      expect(await engine.runToEnd(spec, {})).toEqual({ exitCode: 3, output: "hello\n" });
      expect(await engine.container(spec.name)).toBeUndefined();
    });

    it("stops waiting for a container on an abort, and removes it", async () => {
      await using image = await sleeperImage(engine);
      const spec = specOf(image);
      const controller = new AbortController();
      const reason = new Error("enough");
      const running = engine.runToEnd(spec, { signal: controller.signal });
      while ((await engine.container(spec.name))?.isRunning !== true);
      controller.abort(reason);
      await expect(running).rejects.toBe(reason);
      expect(await engine.container(spec.name)).toBeUndefined();
    });

    it("starts, describes, lists and stops a container with a published port", async () => {
      await using image = await sleeperImage(engine);
      await using created = await createdContainer(engine, {
        ...specOf(image),
        publish: { ip: "127.0.0.1", port: 31_434 },
        restart: "unless-stopped",
      });
      const description = { name: created.name, image: image.reference, labels: { owner: "test" } };
      const published = ["127.0.0.1:31434"];
      expect(await engine.container(created.name)).toMatchObject({ isRunning: false, published });
      await engine.startContainer(created.name);
      await engine.startContainer(created.name);
      expect(await engine.container(created.name)).toMatchObject({
        ...description,
        isRunning: true,
        published,
      });
      const listed = (await engine.containers()).find(({ name }) => name === created.name);
      expect(listed).toMatchObject({ isRunning: true, published, labels: description.labels });
      await engine.stopContainer(created.name);
      await engine.stopContainer(created.name);
      expect(await engine.container(created.name)).toMatchObject({ isRunning: false });
    });

    it("says that a container's name is taken", async () => {
      await using image = await sleeperImage(engine);
      await using created = await createdContainer(engine, specOf(image));
      const again = engine.createContainer({ ...specOf(image), name: created.name });
      await expect(again).rejects.toMatchObject({ code: "NAME_TAKEN" });
    });

    it("says that the image of a container is not there", async () => {
      const spec = {
        name: uniqueName(),
        image: "docker.io/library/ollama-bundle-test:none",
        labels: {},
      };
      await expect(engine.createContainer(spec)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("writes into the volume of a container that was never started, and reads it back from another", async () => {
      await using image = await sleeperImage(engine);
      const volume = uniqueName();
      await engine.createVolume(volume, { owner: "test" });
      expect(await engine.volume(volume)).toEqual({ name: volume, labels: { owner: "test" } });
      const mounted = () => ({ ...specOf(image), volumes: { [volume]: "/models" } });
      {
        await using writer = await createdContainer(engine, mounted());
        const tar = Readable.from([
          tarOf([{ path: "blobs/sha256-1", content: Buffer.from("weights") }]),
        ]);
        await engine.putArchive({ container: writer.name, path: "/models" }, tar, {});
      }
      {
        await using reader = await createdContainer(engine, mounted());
        const from = (path: string) => ({ container: reader.name, path });
        expect(await engine.getArchive(from("/models/none"))).toBeUndefined();
        const tar = await engine.getArchive(from("/models/blobs/sha256-1"));
        expect(tar && (await contentsOf(tar))).toEqual({ "sha256-1": "weights" });
      }
      await engine.removeVolume(volume);
      expect(await engine.volume(volume)).toBeUndefined();
    });

    it("passes on what breaks the stream of files that it unpacks", async () => {
      await using image = await sleeperImage(engine);
      await using created = await createdContainer(engine, specOf(image));
      const failure = new RangeError("the stick is gone");
      const tar = Readable.from(
        (async function* () {
          yield tarOf([{ path: "a", content: Buffer.alloc(1000) }]).subarray(0, 600);
          throw failure;
        })(),
      );
      const target = { container: created.name, path: "/" };
      await expect(engine.putArchive(target, tar, {})).rejects.toBe(failure);
    });
  });
});

function helloImage(engine: Engine): Promise<BuiltImage> {
  return builtImage(engine, {
    instructions: ["COPY hello /hello", "LABEL test.label=yes", 'CMD ["/hello"]'],
    files: { hello: tinyProgram({ prints: "hello\n", exitCode: 3 }) },
  });
}

/** SIGKILL to stop it: the first process of a container is not ended by a signal that it does not handle. */
function sleeperImage(engine: Engine): Promise<BuiltImage> {
  return builtImage(engine, {
    instructions: ["COPY sleeper /sleeper", "STOPSIGNAL SIGKILL", 'CMD ["/sleeper"]'],
    files: { sleeper: tinyProgram({}) },
  });
}

function specOf({ reference }: BuiltImage): ContainerSpec {
  return { name: uniqueName(), image: reference, labels: { owner: "test" } };
}

async function createdContainer(
  engine: Engine,
  spec: ContainerSpec,
): Promise<{ name: string } & AsyncDisposable> {
  await engine.createContainer(spec);
  return { name: spec.name, [Symbol.asyncDispose]: () => engine.removeContainer(spec.name) };
}

async function contentsOf(tar: Readable): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for await (const { path, content } of readTar(tar))
    contents[path] = (await buffer(content)).toString();
  return contents;
}
