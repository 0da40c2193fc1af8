import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { parseImageLocation } from "../../src/definition/image-location.ts";
import { chooseImage } from "../../src/source/choose-image.ts";
import { type FakeEngine, fakeEngine } from "../engine/fake-engine.ts";
import { openImagePlace } from "./image-place.ts";

const NOWHERE = "unix:///nonexistent/docker.sock";

describe("where an image is taken from", () => {
  let place: Awaited<ReturnType<typeof openImagePlace>>;
  let engine: FakeEngine;
  beforeAll(async () => {
    place = await openImagePlace();
    engine = await fakeEngine((_, response) => void response.end("{}"));
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  test.each(["a/b:1", "docker-daemon:a/b:1"])("is the engine for %s", async (image) => {
    const { chosen, warnings } = await choose(image, engine.address);
    expect(chosen).toMatchObject({ from: `the engine at ${engine.address}` });
    expect(chosen.engine?.address).toBe(engine.address);
    expect(warnings).toEqual([]);
  });

  test("is the registry for a plain name where no engine answers, which is said", async () => {
    const { chosen, warnings } = await choose("a/b:1", NOWHERE);
    expect(chosen).toMatchObject({ from: "the registry registry-1.docker.io" });
    expect(chosen.engine).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(
        /^"docker\.io\/a\/b:1" comes from the registry registry-1\.docker\.io, and not from an engine: .*nonexistent/,
      ),
    ]);
  });

  test("is the registry for a plain name where the engine runs another platform", async () => {
    const { chosen, warnings } = await choose("host:5000/a:1", engine.address, "linux/arm64");
    expect(chosen.from).toBe("the registry host:5000");
    expect(warnings).toEqual([
      expect.stringContaining(`${engine.address} runs linux/amd64, not linux/arm64`),
    ]);
  });

  test("is nothing else where the engine is asked for, and does not answer", async () => {
    await expect(choose("docker-daemon:a/b:1", NOWHERE)).rejects.toMatchObject({
      code: "NO_ENGINE",
      exitCode: 5,
    });
  });

  test.each([
    ["docker://a/b:1", "the registry registry-1.docker.io"],
    ["oci:/x/dir:1", "oci:/x/dir"],
    ["oci-archive:/x/a.tar", "oci-archive:/x/a.tar"],
    ["docker-archive:/x/a.tar:a/b:1", "docker-archive:/x/a.tar"],
  ])("is what %s says, and no engine is asked", async (image, from) => {
    const before = engine.requests.length;
    const { chosen, warnings } = await choose(image, engine.address);
    expect(chosen).toMatchObject({ from });
    expect(warnings).toEqual([]);
    expect(engine.requests).toHaveLength(before);
  });

  async function choose(image: string, dockerHost: string, platform = "linux/amd64") {
    const warnings: string[] = [];
    const onProgress = (event: ProgressEvent): void => {
      if (event.kind === "warning") warnings.push(event.text);
    };
    const chosen = await chooseImage(parseImageLocation(image), {
      platform,
      volume: place.volume,
      registries: {},
      onProgress,
      env: { DOCKER_HOST: dockerHost },
    });
    return { chosen, warnings };
  }
});
