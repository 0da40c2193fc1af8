import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { createEngineImageSource, ollamaVersionOf } from "../../src/source/engine-images.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { builtImage, uniqueName } from "../support/built-image.ts";
import { describeEngine, testRegistry } from "../support/hosts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { tinyProgram } from "../support/tiny-program.ts";
import { pushImage } from "./push-image.ts";
import { compressions, savedImage } from "./saved-image.ts";

describe.each(["docker-20.10", "docker-28"] as const)("images of the engine", (name) => {
  describeEngine(name, "through its API", (host) => {
    let engine: Engine;
    let platform: string;
    let pool: ChunkPool;
    let volume: StagingVolume;
    beforeAll(async () => {
      engine = await connectEngine({ dockerHost: host.dockerHost, env: {} });
      ({ platform } = await engine.info());
      pool = new ChunkPool();
    });
    afterAll(() => pool[Symbol.asyncDispose]());
    beforeEach(async () => {
      const directory = await temporaryDirectory();
      volume = await StagingVolume.open(directory.path, pool);
      return () => directory[Symbol.asyncDispose]();
    });

    it("come from a registry in the bytes that it has, whatever else its index lists", async () => {
      const [os = "", architecture = ""] = platform.split("/");
      const ours = { os, architecture };
      const others = { os, architecture: "s390x" };
      const options = { compress: compressions["gzip"] ?? ((layer: Buffer) => layer) };
      const image = savedImage([uniqueName(), "b".repeat(500_000), "c"], {
        ...options,
        platform: ours,
      });
      const other = savedImage(["other"], { ...options, platform: others });
      const repository = `test/${uniqueName()}`;
      const pushed = await pushImage(`http://${testRegistry()}/v2/${repository}`, "latest", [
        { platform: others, image: other },
        { platform: ours, image },
      ]);
      const wanted = { reference: `${testRegistry()}/${repository}:latest`, platform };
      const source = createEngineImageSource({ engine, volume, env: {} });
      await using _ = { [Symbol.asyncDispose]: () => engine.removeImage(wanted.reference) };

      expect(await source.resolve(wanted, {})).toEqual(wanted);
      const staged = await source.stage(wanted, {});
      expect(staged).toMatchObject({ ...wanted, sourceDigest: pushed.digest });
      expect(await readFile(staged.config.path)).toEqual(image.config);
      expect(staged.layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(image.diffIds);
      for (const { path, sha256 } of staged.layers)
        expect(sha256Hex(await readFile(path))).toBe(sha256);

      const save = vi.spyOn(engine, "save");
      expect(await source.stage(wanted, {})).toEqual(staged);
      expect(save).not.toHaveBeenCalled();
      expect(await source.resolve(wanted, {})).toMatchObject({
        sourceDigest: pushed.digest,
        missingBytes: 0,
      });
    });

    it("are packed as they are when only the engine has them, repeated layers included", async () => {
      await using image = await builtImage(engine, {
        instructions: ["COPY a /a", "COPY b /b", "COPY a /a", "LABEL empty=1"],
        files: { a: Buffer.alloc(400_000, "a"), b: Buffer.from("b") },
      });
      const events: ProgressEvent[] = [];
      const source = createEngineImageSource({ engine, volume, env: {} });
      const wanted = { reference: image.reference, platform };
      const staged = await source.stage(wanted, { onProgress: (event) => events.push(event) });
      const { diffIds } = (await engine.image(image.reference)) ?? {};
      expect(staged.layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(diffIds);
      expect(events.find(({ kind }) => kind === "warning")).toMatchObject({
        text: expect.stringContaining("What the engine has under that name is packed"),
      });
    });

    it("are not found in a registry that does not know them, and out of reach in one that does not answer", async () => {
      const source = createEngineImageSource({ engine, volume, env: {} });
      const unknown = { reference: `${testRegistry()}/nothing/here:1`, platform };
      await expect(source.stage(unknown, {})).rejects.toMatchObject({
        name: "SourceError",
        code: "NOT_FOUND",
      });
      const unreachable = { reference: "127.0.0.1:1/nothing/here:1", platform };
      await expect(source.stage(unreachable, {})).rejects.toMatchObject({
        name: "SourceError",
        code: "UNREACHABLE",
        message: expect.stringContaining('Cannot pull "127.0.0.1:1/nothing/here:1": '),
      });
    });

    describe("tell the version of Ollama in them", () => {
      it("by their tag", async () => {
        expect(await ollamaVersionOf("docker.io/ollama/ollama:0.24.0", { engine })).toBe("0.24.0");
        expect(await ollamaVersionOf("docker.io/ollama/ollama:0.24.0-rocm", { engine })).toBe(
          "0.24.0",
        );
        expect(await ollamaVersionOf("docker.io/ollama/ollama:0.25.0-rc1", { engine })).toBe(
          "0.25.0-rc1",
        );
      });

      it.each([
        "ollama version is 0.24.0\n",
        "Warning: could not connect to a running Ollama instance\nWarning: client version is 0.24.0\n",
      ])("by what the program says: %j", async (prints) => {
        await using image = await ollamaImage(engine, tinyProgram({ prints }));
        expect(await ollamaVersionOf(image.reference, { engine })).toBe("0.24.0");
      });

      it("or not, when it says something else, or is not there, or does not end", async () => {
        await using other = await ollamaImage(engine, tinyProgram({ prints: "hello\n" }));
        expect(await ollamaVersionOf(other.reference, { engine })).toBeUndefined();
        await using endless = await ollamaImage(engine, tinyProgram({}));
        expect(await ollamaVersionOf(endless.reference, { engine, timeout: 2000 })).toBeUndefined();
        await using without = await builtImage(engine, {
          instructions: ["COPY a /a"],
          files: { a: Buffer.from("a") },
        });
        expect(await ollamaVersionOf(without.reference, { engine })).toBeUndefined();
        const left = (await engine.containers()).filter(
          (container) => container.labels["ollama-bundle"] === "version",
        );
        expect(left).toEqual([]);
      });

      it("and pass on the reason of an abort", async () => {
        await using image = await ollamaImage(engine, tinyProgram({}));
        const reason = new Error("enough");
        const asking = ollamaVersionOf(image.reference, {
          engine,
          signal: AbortSignal.abort(reason),
        });
        await expect(asking).rejects.toBe(reason);
      });
    });
  });
});

function ollamaImage(engine: Engine, program: Buffer) {
  const instructions = ["COPY ollama /bin/ollama", "ENV PATH=/bin", 'ENTRYPOINT ["/bin/other"]'];
  return builtImage(engine, { instructions, files: { ollama: program } });
}
