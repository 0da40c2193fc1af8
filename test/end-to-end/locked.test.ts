import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tarOf } from "../../src/core/tar.ts";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import { encodeModelsJson } from "../../src/bundle/models-json.ts";
import { findBundle } from "../../src/bundle/find-bundle.ts";
import { fakeImageEngine } from "../source/fake-image-engine.ts";
import { type SavedImage, savedImage } from "../source/saved-image.ts";
import { writeModel } from "../support/tiny-models.ts";
import { type CommandResult, bundleSucceeds, runBundle } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";

const IMAGE = "docker.io/example/image:1";

describe("create --locked", () => {
  let side: ConnectedSide;
  let before: SavedImage;
  beforeAll(async () => {
    side = await connectedSide();
    before = await writeImage(["before"]);
    await bundleSucceeds(create("first.tar.gz", "tiny,tiny-embed"), at());
    await using reader = await BundleReader.open(await findBundle(join(side.path, "first.tar.gz")));
    await writeFile(join(side.path, "MODELS.json"), encodeModelsJson(reader.manifest));
  });
  afterAll(() => side[Symbol.asyncDispose]());

  test("gives the same bundle while everything is as it was, and takes fewer models as well", async () => {
    await bundleSucceeds(create("again.tar.gz", "tiny,tiny-embed", "MODELS.json"), at());
    const [first, again] = await Promise.all(
      ["first.tar.gz", "again.tar.gz"].map((name) => readFile(join(side.path, name))),
    );
    expect(again?.equals(first ?? Buffer.alloc(0)), "the same bytes").toBe(true);
    await bundleSucceeds(create("fewer.tar.gz", "tiny", "first.tar.gz"), at());
  });

  test("lists all that moved, image and models, before a blob of theirs is asked for", async () => {
    const manifest = join(side.store, "manifests/registry.ollama.ai/library/tiny/latest");
    const old = await readFile(manifest);
    await writeModel(side.store, { name: "tiny", system: "Another.", params: { seed: 9 } });
    await writeImage(["after"]);
    side.registry.forgetRequests();
    const { exitCode, stderr } = await locked("tiny,tiny-embed,tiny:second");
    await writeFile(manifest, old);
    await writeImage(["before"]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(moved("registry.ollama.ai/library/tiny:latest"));
    expect(stderr).toMatch(moved(IMAGE));
    expect(stderr).toContain('"registry.ollama.ai/library/tiny:second" is not in it');
    expect(stderr).not.toContain("tiny-embed");
    expect(stderr).toContain("\nhint: ");
    const bytes = side.registry.requests
      .filter(({ kind }) => kind === "blob")
      .reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
    expect(bytes, "configs alone").toBeLessThan(2000);
  });

  test("refuses another platform than was locked", async () => {
    const { exitCode, stderr } = await runBundle(
      [...create("x.tar.gz", "tiny", "MODELS.json", "none"), "--platform", "linux/s390x"],
      at(),
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: expect.stringContaining("the platform is linux/s390x, expected linux/amd64"),
    });
  });

  test("refuses an image that moved in an engine's registry, before a model is staged", async () => {
    const after = savedImage(["after"]);
    await using fake = await fakeImageEngine({ local: before, registry: after });
    side.registry.forgetRequests();
    const what = create("x.tar.gz", "tiny", "MODELS.json", `docker-daemon:${IMAGE}`);
    const { exitCode, stderr } = await runBundle([...what, "--staging", "fresh"], {
      ...at(),
      env: { DOCKER_HOST: fake.engine.address },
    });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: expect.stringMatching(moved(IMAGE)),
    });
    expect(fake.count("pull")).toBe(1);
    const asked = side.registry.requests.filter(({ kind }) => kind === "blob");
    expect(asked, "the config, which tells what a model is").toHaveLength(1);
  });

  test.each([
    ["is no MODELS.json", "{}", 4],
    ["is not there", undefined, 2],
  ])("refuses a lock that %s", async (_, content, exitCode) => {
    const name = content === undefined ? "absent.json" : "empty.json";
    if (content !== undefined) await writeFile(join(side.path, name), content);
    const result = await runBundle(create("x.tar.gz", "tiny", name), at());
    expect(result).toMatchObject({ exitCode, stderr: expect.stringContaining(name) });
  });

  function locked(models: string): Promise<CommandResult> {
    return runBundle(create("x.tar.gz", models, "MODELS.json"), at());
  }

  function create(output: string, models: string, ...[lock, image]: string[]): string[] {
    const what = ["--models", models, "--image", image ?? "docker-archive:image.tar"];
    const from = ["--model-registry", side.registry.url, "--platform", "linux/amd64"];
    const how = lock === undefined ? [] : ["--locked", lock];
    return ["create", ...what, ...from, "--name", "same", "-o", output, "--force", ...how];
  }

  async function writeImage(contents: readonly string[]): Promise<SavedImage> {
    const image = savedImage(contents);
    await writeFile(join(side.path, "image.tar"), tarOf(image.files));
    return image;
  }

  function at() {
    return { home: side.path };
  }
});

function moved(name: string): RegExp {
  return new RegExp(`"${name}" is sha256:[0-9a-f]{12}, expected sha256:[0-9a-f]{12}`);
}
