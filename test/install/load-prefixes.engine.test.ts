import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { readTar } from "../../src/core/tar.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { type ImageToLoad, imageToLoad, loadArchive } from "../../src/install/image-to-load.ts";
import type { JournalStep } from "../../src/install/journal-step.ts";
import { loadImage } from "../../src/install/load-image.ts";
import { uniqueName } from "../support/built-image.ts";
import { describeEngine } from "../support/hosts.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { passageTo } from "./engine-passage.ts";
import { promised } from "./tiny-bundle.ts";

/** Large enough for a prefix of its own. */
const BIG = 140_000_000;

describe.each(["docker-20.10", "docker-28"] as const)("loading by prefixes", (name) => {
  describeEngine(name, "an engine that takes an image so", (host) => {
    let fixture: EngineFixture;
    let bundle: WrittenBundle;
    beforeAll(async () => {
      fixture = await EngineFixture.start(host);
      bundle = await fixture.bundle({ bigSize: BIG });
    });
    afterAll(() => fixture[Symbol.asyncDispose]());

    test("gets them one after the other, each byte once, and keeps no more than the image", async () => {
      await using names = fixture.names();
      let loads = 0;
      await using passage = await passageTo(host.dockerHost, fixture.directory, () => {
        loads += 1;
      });
      const { report, error } = await fixture.install(
        { bundle: bundle.path, ...names },
        passage.dockerHost,
      );
      expect(error).toBeUndefined();
      expect(loads).toBe(2);
      expect(passage.sent).toBeLessThan((report?.plan.layers?.size ?? 0) + 200_000);
      expect(await fixture.tags(names.publish)).toEqual(promised(bundle));
      expect(await namesBeside()).toEqual([]);
      await fixture.engine.removeContainer(names.container);
      await fixture.forget(bundle);
    });

    test("has nothing of them where the second breaks off", async () => {
      await using names = fixture.names();
      const before = await imageIds();
      let loads = 0;
      await using passage = await passageTo(host.dockerHost, fixture.directory, () => {
        loads += 1;
        if (loads === 2) throw new Error("the connection broke");
      });
      const { error } = await fixture.install(
        { bundle: bundle.path, ...names },
        passage.dockerHost,
      );
      expect(error).toMatchObject({ code: "ENGINE_FAILED" });
      expect(loads).toBe(2);
      expect(await imageIds()).toEqual(before);
    });

    test("has made whatever it makes of them when an interrupted load ends, so that all can be removed", async () => {
      const before = await imageIds();
      const controller = new AbortController();
      let loads = 0;
      await using passage = await passageTo(host.dockerHost, fixture.directory, () => {
        loads += 1;
        if (loads === 2) controller.abort(new Error("interrupted"));
      });
      const engine = await connectEngine({ dockerHost: passage.dockerHost, env: {} });
      await using pool = new ChunkPool();
      await using reader = await BundleReader.open(bundle.path, pool);
      const image = await wholeImage(reader, { there: 0 });
      const made: string[] = [];
      const journal = { add: async (step: JournalStep) => void made.push(nameOf(step)) };
      const loading = { engine, bundle: reader, image, journal, installation: "interrupted" };
      const { signal } = controller;
      await expect(loadImage(loading, { signal })).rejects.toThrow("interrupted");
      expect(await namesBeside()).toEqual(made);
      for (const name of made) await fixture.engine.removeImage(name);
      expect(await imageIds()).toEqual(before);
    });

    async function namesBeside(): Promise<string[]> {
      const format = ["--format", "{{.Repository}}:{{.Tag}}"];
      const { stdout } = await fixture.docker("images", ...format, "ollama-bundle.local/helper");
      return stdout.split("\n").filter((name) => name !== "");
    }

    async function imageIds(): Promise<string[]> {
      const { stdout } = await fixture.docker("images", "--all", "--quiet", "--no-trunc");
      return stdout.split("\n").toSorted();
    }
  });
});

describeEngine("docker-28", "an engine that has layers by the digest of what came", (host) => {
  test("is sent all of them in the end, where their name promised otherwise", async () => {
    const reference = `ollama-bundle.local/built:${uniqueName()}`;
    await using fixture = await EngineFixture.start(host, { keptAs: reference });
    await using names = fixture.names();
    const bundle = await fixture.bundle();
    const { report, error } = await fixture.install({ bundle: bundle.path, ...names });
    await fixture.engine.removeImage(reference);
    expect(error).toBeUndefined();
    expect(report?.plan.layers?.there).toBeGreaterThan(100_000_000);
    expect(await fixture.tags(names.publish)).toEqual(promised(bundle));
    expect(await savedBlobs(fixture, bundle)).toEqual(expect.arrayContaining(layersOf(bundle)));
    await fixture.engine.removeContainer(names.container);
    await fixture.forget(bundle);
  });

  test("is sent an image that it has in part, and that nothing else is the matter with", async () => {
    await using fixture = await EngineFixture.start(host);
    await using names = fixture.names();
    const bundle = await fixture.bundle();
    await using pool = new ChunkPool();
    await using reader = await BundleReader.open(bundle.path, pool);
    const image = await wholeImage(reader, { there: 1 });
    await expect(fixture.engine.load(loadArchive(reader, image, {}), {})).rejects.toThrow(
      "Error unpacking image",
    );
    expect(await fixture.engine.image(image.name)).toMatchObject({ isComplete: false });
    const { report, error } = await fixture.install({ bundle: bundle.path, ...names });
    expect(error).toBeUndefined();
    expect(report?.plan.names.loaded).toBe(image.name);
    expect(await savedBlobs(fixture, bundle)).toEqual(expect.arrayContaining(layersOf(bundle)));
    await fixture.engine.removeContainer(names.container);
    await fixture.forget(bundle);
  });

  test("has what was left out also when the image is gone that had it", async () => {
    await using fixture = await EngineFixture.start(host);
    await using names = fixture.names();
    const old = await fixture.bundle();
    const next = await fixture.bundle({ bigSize: 200_000 });
    await fixture.install({ bundle: old.path, ...names });
    const { report, error } = await fixture.install({ bundle: next.path, ...names });
    expect(error).toBeUndefined();
    expect(report?.plan.layers?.there).toBeGreaterThan(100_000_000);
    await fixture.forget(old);
    expect(await savedBlobs(fixture, next)).toEqual(expect.arrayContaining(layersOf(next)));
    await fixture.engine.removeContainer(names.container);
    await fixture.forget(next);
  });
});

/** The bundle's image with all of its models, of which the engine is said to have the first layers. */
async function wholeImage(
  bundle: BundleReader,
  { there }: { readonly there: number },
): Promise<ImageToLoad> {
  const { images, modelLayers } = bundle.manifest;
  const [packed] = images;
  if (packed === undefined) throw new Error("the bundle has no image");
  return imageToLoad(bundle, { image: packed, modelLayers, there, takesPart: true }, {});
}

/** What the engine has of the image that was built, in hex: without its layers it might be run, and not be saved. */
async function savedBlobs(fixture: EngineFixture, { manifest }: WrittenBundle): Promise<string[]> {
  const archive = join(fixture.directory, "saved.tar");
  await fixture.docker("save", "-o", archive, `ollama-preloaded:${manifest.name}`);
  const paths: string[] = [];
  for await (const { path } of readTar(createReadStream(archive))) paths.push(basename(path));
  return paths;
}

function layersOf({ manifest: { images, modelLayers } }: WrittenBundle): string[] {
  const base = images.flatMap(({ diffIds }) => diffIds);
  const all = [...base, ...modelLayers.map(({ diffId }) => diffId)];
  return all.map((diffId) => diffId.replace("sha256:", ""));
}

function nameOf(step: JournalStep): string {
  return "name" in step ? step.name : "";
}
