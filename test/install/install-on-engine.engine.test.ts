import { readFile, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { describeEngine } from "../support/hosts.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { promised } from "./tiny-bundle.ts";

const BIG = 20_000_000;

describe.each(["docker-20.10", "docker-28"] as const)("installing on an engine", (name) => {
  describeEngine(name, "with an image that serves like Ollama", (host) => {
    let fixture: EngineFixture;
    let bundle: WrittenBundle;
    beforeAll(async () => {
      fixture = await EngineFixture.start(host);
      bundle = await fixture.bundle({ bigSize: BIG });
    });
    afterAll(() => fixture[Symbol.asyncDispose]());
    afterEach(() => fixture.forget(bundle));

    test.each(["image", "volume"] as const)(
      "%s mode: served with the promised digests, also after a restart",
      async (modelsIn) => {
        await using names = fixture.names();
        const { report, error } = await fixture.install({
          bundle: bundle.path,
          modelsIn,
          ...names,
        });
        expect(error).toBeUndefined();
        expect(report?.health?.isHealthy).toBe(true);
        expect(await fixture.tags(names.publish)).toEqual(promised(bundle));
        await fixture.docker("restart", names.container);
        await vi.waitFor(
          async () => expect(await fixture.tags(names.publish)).toEqual(promised(bundle)),
          { timeout: 30_000 },
        );
        const { stdout } = await fixture.docker("volume", "ls", "--format", "{{.Name}}");
        expect(
          stdout.split("\n").filter((each) => each.includes("lock") || each === names.volume),
        ).toEqual(modelsIn === "volume" ? [names.volume] : []);
      },
    );

    test("the container restarts with the engine, is bound as asked, is healthy by its own account, and has no cloud", async () => {
      await using names = fixture.names();
      await fixture.install({ bundle: bundle.path, ...names });
      const inspect = async (field: string) =>
        JSON.parse(
          (await fixture.docker("inspect", "--format", `{{json ${field}}}`, names.container))
            .stdout,
        ) as unknown;
      const [ip, port] = names.publish.split(":");
      expect(await inspect(".HostConfig.RestartPolicy.Name")).toBe("unless-stopped");
      expect(await inspect(".HostConfig.PortBindings")).toEqual({
        "11434/tcp": [{ HostIp: ip, HostPort: port }],
      });
      const env = (await inspect(".Config.Env")) as string[];
      expect(env).toEqual(
        expect.arrayContaining([
          "OLLAMA_HOST=0.0.0.0:11434",
          "OLLAMA_MODELS=/opt/ollama/models",
          "OLLAMA_NO_CLOUD=1",
          "OLLAMA_NOPRUNE=1",
          "OLLAMA_KEEP_ALIVE=5m",
          "OLLAMA_FLASH_ATTENTION=",
        ]),
      );
      await vi.waitFor(async () => expect(await inspect(".State.Health.Status")).toBe("healthy"), {
        timeout: 60_000,
        interval: 500,
      });
    });

    test("nothing is asked of a registry, and the base's own name is not taken", async () => {
      await using names = fixture.names();
      const since = String(Math.floor(Date.now() / 1000));
      const before = await fixture.docker("images", "--format", "{{.Repository}}:{{.Tag}}");
      await fixture.install({ bundle: bundle.path, ...names });
      const until = String(Math.ceil(Date.now() / 1000) + 1);
      const events = await fixture.docker(
        "events",
        "--since",
        since,
        "--until",
        until,
        "--filter",
        "event=pull",
      );
      expect(events.stdout).toBe("");
      const after = await fixture.docker("images", "--format", "{{.Repository}}:{{.Tag}}");
      const added = after.stdout.split("\n").filter((each) => !before.stdout.includes(each));
      expect(added.toSorted()).toEqual([
        expect.stringMatching(
          new RegExp(
            `^ollama-bundle.local/${bundle.manifest.name}:${bundle.id.slice(0, 12)}-[0-9a-f]{12}$`,
          ),
        ),
        `ollama-preloaded:${bundle.manifest.name}`,
      ]);
    });

    test.each(["image", "volume"] as const)(
      "%s mode: --only brings these models alone",
      async (modelsIn) => {
        await using names = fixture.names();
        const { error } = await fixture.install({
          bundle: bundle.path,
          modelsIn,
          only: ["tiny-embed", "big"],
          ...names,
        });
        expect(error).toBeUndefined();
        expect(Object.keys(await fixture.tags(names.publish)).toSorted()).toEqual([
          "big:latest",
          "tiny-embed:latest",
        ]);
      },
    );

    test("a volume of an earlier installation keeps its models, and what is there is not written again", async () => {
      await using names = fixture.names();
      await using again = fixture.names();
      await fixture.install({ bundle: bundle.path, modelsIn: "volume", only: ["tiny"], ...names });
      await fixture.engine.removeContainer(names.container);
      const second = { ...again, volume: names.volume, tag: `ollama-preloaded:${again.container}` };
      const { report, error } = await fixture.install({
        bundle: bundle.path,
        modelsIn: "volume",
        ...second,
      });
      expect(error).toBeUndefined();
      expect(await fixture.tags(again.publish)).toEqual(promised(bundle));
      const receipt = JSON.parse(await readFile(report?.receipt ?? "", "utf8")) as {
        blobs: { sha256: string }[];
        volume: object;
      };
      const there = new Set(
        bundle.manifest.models.find(({ name: each }) => each.endsWith("tiny:latest"))?.blobs,
      );
      expect(receipt.blobs.filter(({ sha256 }) => there.has(sha256))).toEqual([]);
      expect(receipt.volume).toEqual({ name: names.volume, created: false });
      await fixture.engine.removeContainer(again.container);
      await fixture.engine.removeImage(second.tag);
    });

    describe("what fails leaves the engine as it was", () => {
      test.each(["image", "volume"] as const)(
        "%s mode: a bundle damaged in a model",
        async (modelsIn) => {
          await using names = fixture.names();
          const before = await fixture.state();
          const damaged = await flipped(bundle.path, bundle.size - BIG / 2);
          const { error } = await fixture.install({ bundle: damaged, modelsIn, ...names });
          expect(error).toMatchObject({
            code: "DAMAGED",
            exitCode: 4,
            message: expect.stringContaining("big:latest is damaged (bytes"),
          });
          expect(await fixture.state()).toBe(before);
        },
      );

      test("volume mode: a bundle damaged in its image, found while models are written", async () => {
        await using names = fixture.names();
        const before = await fixture.state();
        const damaged = await flipped(bundle.path, Math.floor((bundle.size - BIG) / 2));
        const { error } = await fixture.install({
          bundle: damaged,
          modelsIn: "volume",
          ...names,
        });
        expect(error).toMatchObject({
          code: "DAMAGED",
          message: expect.stringContaining("image/blobs/sha256/"),
        });
        expect(await fixture.state()).toBe(before);
      });

      test.each(["image", "volume"] as const)(
        "%s mode: a bundle damaged where nothing is installed from",
        async (modelsIn) => {
          await using names = fixture.names();
          const before = await fixture.state();
          const at = (await readFile(bundle.path)).indexOf(`${bundle.manifest.name}/MODELS.txt`);
          const damaged = await flipped(bundle.path, at);
          const { error } = await fixture.install({ bundle: damaged, modelsIn, ...names });
          expect(error).toMatchObject({
            code: "DAMAGED",
            message: expect.stringContaining("MODELS.txt"),
          });
          expect(await fixture.state()).toBe(before);
        },
      );

      test("a volume that was there has its models as before, and none of the new", async () => {
        await using names = fixture.names();
        await using again = fixture.names();
        await fixture.install({
          bundle: bundle.path,
          modelsIn: "volume",
          only: ["tiny"],
          ...names,
        });
        const files = (): Promise<string> => filesOf(names.container);
        const [before, state] = [await files(), await fixture.named()];
        const { error } = await fixture.install({
          bundle: bundle.path,
          modelsIn: "volume",
          ...again,
          volume: names.volume,
          tag: "ollama-preloaded:undone",
          healthTimeoutSeconds: 0.001,
        });
        expect(error).toMatchObject({ code: "NOT_HEALTHY", exitCode: 6 });
        expect(await files()).toBe(before);
        expect(await fixture.named()).toBe(state);
      });

      test("a server that does not come: exit 6 with the log's last lines, and --keep-on-failure leaves it stopped", async () => {
        await using names = fixture.names();
        const before = await fixture.state();
        const never = { bundle: bundle.path, ...names, healthTimeoutSeconds: 0.001 };
        const { error } = await fixture.install(never);
        expect(error).toMatchObject({
          name: "UnhealthyError",
          exitCode: 6,
          message: expect.stringContaining('check "server"'),
        });
        expect(error?.hint).toContain("The last lines of its log:");
        expect(await fixture.state()).toBe(before);

        const kept = await fixture.install({ ...never, keepOnFailure: true });
        expect(kept.error).toMatchObject({
          exitCode: 6,
          hint: expect.stringContaining("left for a look"),
        });
        expect(await fixture.engine.container(names.container)).toMatchObject({ isRunning: false });
      });
    });

    /** The files of a server's store with their digests. */
    async function filesOf(container: string): Promise<string> {
      const list = "for file in blobs/* manifests/*/*/*/*; do sha256sum $file; done";
      return (
        await fixture.docker("exec", "--workdir", "/opt/ollama/models", container, "sh", "-c", list)
      ).stdout;
    }
  });
});

/** A copy with one bit changed. */
async function flipped(path: string, offset: number): Promise<string> {
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  const copy = `${path}.damaged`;
  await writeFile(copy, bytes);
  return copy;
}
