import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { describeEngine } from "../support/hosts.ts";
import { smallContents } from "../support/small-bundle.ts";
import { EngineFixture } from "./engine-fixture.ts";

describe.each(["docker-20.10", "docker-28"] as const)("what an engine has in the way", (name) => {
  describeEngine(name, "of an installation", (host) => {
    let fixture: EngineFixture;
    let bundle: WrittenBundle;
    beforeAll(async () => {
      fixture = await EngineFixture.start(host);
      bundle = await fixture.bundle();
    });
    afterAll(() => fixture[Symbol.asyncDispose]());
    afterEach(() => fixture.forget(bundle));

    test("port, container, tag and volume, all at once, and who has them", async () => {
      await using names = fixture.names();
      await using ours = fixture.names();
      await fixture.install({ bundle: bundle.path, ...ours });
      const { stdout } = await fixture.docker(
        "images",
        "--format",
        "{{.Repository}}:{{.Tag}}",
        `ollama-bundle.local/${bundle.manifest.name}`,
      );
      const image = stdout.split("\n")[0] ?? "";
      const tag = `ollama-foreign:${names.container}`;
      await fixture.docker("tag", image, tag);
      await fixture.docker(
        "run",
        "-d",
        "--name",
        names.container,
        "-p",
        `${names.publish}:11434`,
        image,
      );
      await fixture.docker("volume", "create", names.volume);
      const before = await fixture.state();
      const { error } = await fixture.install({
        bundle: bundle.path,
        modelsIn: "volume",
        ...names,
        tag,
      });
      expect(error?.exitCode).toBe(7);
      const lines = error?.message.split("\n- ") ?? [];
      expect(lines).toEqual([
        `Cannot install "${bundle.path}":`,
        expect.stringContaining(
          `the container name "${names.container}" is taken: that one is running, with the image "`,
        ),
        expect.stringContaining(
          `the address ${names.publish} is taken: the container "${names.container}"`,
        ),
        expect.stringContaining(`"docker.io/library/${tag}" is taken by sha256:`),
        `the volume "${names.volume}" is there and was not made by ollama-bundle`,
      ]);
      expect(error?.hint).toContain(`docker volume rm ${names.volume}`);
      expect(await fixture.state()).toBe(before);
      await fixture.engine.removeContainer(names.container);
      await fixture.engine.removeImage(tag);
    });

    test("a bundle for another platform", async () => {
      await using names = fixture.names();
      const { images } = await smallContents(fixture.directory);
      const other = await fixture.bundle({ platform: "linux/s390x", images });
      const before = await fixture.state();
      const { error } = await fixture.install({ bundle: other.path, ...names });
      expect(error).toMatchObject({
        code: "WRONG_PLATFORM",
        message: expect.stringContaining("the bundle is for linux/s390x"),
      });
      expect(await fixture.state()).toBe(before);
    });

    test("a bundle without an image", async () => {
      await using names = fixture.names();
      const other = await fixture.bundle({ images: [] });
      const { error } = await fixture.install({ bundle: other.path, ...names });
      expect(error).toMatchObject({
        code: "UNSUITABLE",
        exitCode: 4,
        hint: expect.stringContaining("--models-in native"),
      });
    });

    test("another installation on this engine", async () => {
      await using names = fixture.names();
      await fixture.docker(
        "volume",
        "create",
        "--label",
        "ollama-bundle.host=elsewhere",
        "--label",
        "ollama-bundle.pid=7",
        "ollama-bundle-lock",
      );
      try {
        const { error } = await fixture.install({ bundle: bundle.path, ...names });
        expect(error).toMatchObject({
          code: "LOCKED",
          exitCode: 7,
          message: expect.stringContaining("process 7 on elsewhere"),
        });
      } finally {
        await fixture.engine.removeVolume("ollama-bundle-lock");
      }
    });

    test("a dry run tells the plan and changes nothing", async () => {
      await using names = fixture.names();
      const before = await fixture.state();
      const { report } = await fixture.install({
        bundle: bundle.path,
        modelsIn: "volume",
        dryRun: true,
        ...names,
      });
      expect(report?.plan).toMatchObject({
        modelsIn: "volume",
        names: { container: names.container, volume: names.volume, publish: names.publish },
        engine: { product: "Docker" },
      });
      expect(report?.plan.space.length).toBeGreaterThan(0);
      expect(report?.receipt).toBeUndefined();
      expect(await fixture.state()).toBe(before);
    });
  });
});
