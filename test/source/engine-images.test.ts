import { readFile, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { createEngineImageSource } from "../../src/source/engine-images.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { auth, loginHome } from "../registry/login-home.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type ImageEngineState, REFERENCE, fakeImageEngine, idOf } from "./fake-image-engine.ts";
import { savedImage } from "./saved-image.ts";

const WANTED = { reference: REFERENCE, platform: "linux/amd64" };
const DIGEST = `sha256:${"d".repeat(64)}`;
const OLD = savedImage(["old"]);
const NEW = savedImage(["new", "a".repeat(300_000)]);
const OFFLINE = { status: 500, message: 'Get "https://registry/v2/": dial tcp: no such host' };
const UNKNOWN = { status: 404, message: "manifest unknown" };

describe("images of the engine", () => {
  let pool: ChunkPool;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let volume: StagingVolume;
  beforeAll(() => {
    pool = new ChunkPool();
  });
  afterAll(() => pool[Symbol.asyncDispose]());
  beforeEach(async () => {
    directory = await temporaryDirectory();
    volume = await StagingVolume.open(directory.path, pool);
    return () => directory[Symbol.asyncDispose]();
  });

  describe("when resolved", () => {
    it("are told as the engine has them, without a pull", async () => {
      await using fake = await sourceOf({ local: OLD, registry: NEW });
      expect(await fake.source.resolve(WANTED, {})).toEqual({
        ...WANTED,
        identity: idOf(OLD),
        sourceDigest: DIGEST,
        statedSize: 1234,
        missingBytes: 1234,
        content: { diffIds: OLD.diffIds },
      });
      expect(fake.count("pull")).toBe(0);
    });

    it("have neither identity nor size before the engine has them", async () => {
      await using fake = await sourceOf({ local: undefined, registry: NEW });
      expect(await fake.source.resolve(WANTED, {})).toEqual(WANTED);
      expect(fake.count("pull")).toBe(0);
    });

    it("have their exact size, and nothing to fetch, once they are staged", async () => {
      await using fake = await sourceOf({ local: NEW, registry: NEW });
      const staged = await fake.source.stage(WANTED, {});
      const size = [staged.config, ...staged.layers].reduce((sum, file) => sum + file.size, 0);
      expect(await fake.source.resolve(WANTED, {})).toMatchObject({
        statedSize: size,
        missingBytes: 0,
      });
    });

    it("are refused for another platform than the engine's, with the reason", async () => {
      await using fake = await sourceOf({ local: OLD, registry: NEW });
      await expect(
        fake.source.resolve({ ...WANTED, platform: "linux/arm64" }, {}),
      ).rejects.toMatchObject({
        code: "NOT_SUPPORTED",
        message: expect.stringContaining(
          `"${REFERENCE}" for linux/arm64 from the engine at unix://`,
        ),
      });
      expect(fake.count("pull")).toBe(0);
    });
  });

  describe("when staged", () => {
    it("are pulled, and saved by the id that was looked at", async () => {
      await using fake = await sourceOf({ local: OLD, registry: NEW });
      const staged = await fake.source.stage(WANTED, {});
      expect(staged).toMatchObject({ ...WANTED, sourceDigest: DIGEST });
      expect(await readFile(staged.config.path)).toEqual(NEW.config);
      expect(staged.layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(NEW.diffIds);
    });

    it("are not saved again while the engine reports the same image", async () => {
      await using fake = await sourceOf({ local: NEW, registry: NEW });
      const first = await fake.source.stage(WANTED, {});
      const again = await fake.source.stage(WANTED, {});
      expect(again).toEqual(first);
      expect(fake.count("save")).toBe(1);
      fake.state.registry = OLD;
      await fake.source.stage(WANTED, {});
      expect(fake.count("save")).toBe(2);
    });

    it("are saved again when a staged layer is damaged", async () => {
      await using fake = await sourceOf({ local: NEW, registry: NEW });
      const { layers } = await fake.source.stage(WANTED, {});
      await writeFile(layers[1]?.path ?? "", "damaged");
      const again = await fake.source.stage(WANTED, {});
      expect(fake.count("save")).toBe(2);
      expect(again.layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(NEW.diffIds);
      expect((await readFile(again.layers[1]?.path ?? "")).length).toBe(again.layers[1]?.size);
    });

    it.each([OFFLINE, UNKNOWN])(
      "are packed as the engine has them when the pull fails: $message",
      async (registry) => {
        await using fake = await sourceOf({ local: OLD, registry });
        const events: ProgressEvent[] = [];
        const staged = await fake.source.stage(WANTED, {
          onProgress: (event) => events.push(event),
        });
        expect(await readFile(staged.config.path)).toEqual(OLD.config);
        expect(events).toContainEqual({
          kind: "warning",
          text: `Cannot pull "${REFERENCE}": ${registry.message}. What the engine has under that name is packed: ${DIGEST}`,
        });
      },
    );

    it.each([
      { registry: UNKNOWN, code: "NOT_FOUND" },
      { registry: OFFLINE, code: "UNREACHABLE" },
      { registry: { status: 403, message: "denied" }, code: "REFUSED" },
    ])(
      "are $code when neither the engine nor the registry gives them",
      async ({ registry, code }) => {
        await using fake = await sourceOf({ local: undefined, registry });
        await expect(fake.source.stage(WANTED, {})).rejects.toMatchObject({
          name: "SourceError",
          code,
          message: expect.stringMatching(
            `^Cannot pull "${REFERENCE}": ${registry.message}; it was asked without a login: none for "docker.io" in "`,
          ),
          hint: expect.stringContaining("docker login docker.io"),
        });
      },
    );

    it("are pulled by the engine with the login of docker, which no message tells", async () => {
      await using home = await loginHome({
        ".docker/config.json": {
          auths: { "https://index.docker.io/v1/": auth("ann", "pass-word") },
        },
      });
      await using fake = await sourceOf({ local: undefined, registry: NEW }, home.env);
      await fake.source.stage(WANTED, {});
      const serveraddress = "https://index.docker.io/v1/";
      expect(fake.pulls).toEqual([
        {
          url: "/images/create?fromImage=docker.io%2Fexample%2Fimage&tag=1",
          login: { username: "ann", password: "pass-word", serveraddress },
        },
      ]);
      fake.state.registry = { status: 403, message: "denied" };
      fake.state.local = undefined;
      const error: unknown = await fake.source.stage(WANTED, {}).catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        message: expect.stringContaining("denied; it was asked with the login in"),
      });
      expect(inspect(error, { depth: 9 })).not.toContain("pass-word");
    });

    it("are not found when a pull gives another platform", async () => {
      await using fake = await sourceOf({
        local: undefined,
        registry: NEW,
        platform: "linux/s390x",
      });
      await expect(fake.source.stage(WANTED, {})).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: `Cannot find "${REFERENCE}" for linux/amd64: the engine has it for linux/s390x`,
      });
    });

    it("are told as incomplete when the engine has not all of their content", async () => {
      await using fake = await sourceOf({ local: undefined, registry: NEW, platform: "/" });
      await expect(fake.source.stage(WANTED, {})).rejects.toMatchObject({
        code: "INCOMPLETE",
        exitCode: 3,
        message: `Cannot take "${REFERENCE}" from the engine: it has that image incompletely, content of it is missing`,
        hint: expect.stringContaining(`docker rmi ${REFERENCE}`),
      });
    });

    it("are told as incomplete also when the rest of them cannot be pulled", async () => {
      await using fake = await sourceOf({ local: OLD, registry: OFFLINE, platform: "/" });
      await expect(fake.source.stage(WANTED, {})).rejects.toMatchObject({
        code: "UNREACHABLE",
        message: expect.stringContaining(
          `${OFFLINE.message}. The engine has that image incompletely, content of it is missing; it was asked `,
        ),
      });
    });

    it("are no source of a half image when the engine dies, and come whole the next time", async () => {
      await using fake = await sourceOf({ local: NEW, registry: NEW, cutAfter: 20_000 });
      await expect(fake.source.stage(WANTED, {})).rejects.toMatchObject({
        name: "EngineError",
        message: expect.stringContaining("ended the connection in the middle"),
      });
      fake.state.cutAfter = undefined;
      expect((await fake.source.stage(WANTED, {})).layers).toHaveLength(2);
    });

    it("end with the reason of an abort", async () => {
      await using fake = await sourceOf({ local: NEW, registry: NEW });
      const controller = new AbortController();
      const reason = new Error("enough");
      const onProgress = ({ kind }: ProgressEvent) => kind === "bytes" && controller.abort(reason);
      const staging = fake.source.stage(WANTED, { signal: controller.signal, onProgress });
      await expect(staging).rejects.toBe(reason);
    });
  });

  async function sourceOf(
    state: ImageEngineState,
    env: NodeJS.ProcessEnv = { HOME: "/nonexistent" },
  ) {
    const fake = await fakeImageEngine(state);
    const source = createEngineImageSource({ engine: fake.engine, volume, env });
    return { ...fake, state, source };
  }
});
