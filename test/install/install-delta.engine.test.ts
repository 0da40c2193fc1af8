import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { heldBy } from "../../src/bundle/delta/held.ts";
import { siteMustHold } from "../../src/bundle/delta/site-must-hold.ts";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { MODELS_DIRECTORY } from "../../src/core/model-layer.ts";
import { tarOf } from "../../src/core/tar.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { installBundle } from "../../src/install-bundle.ts";
import { inventorySite } from "../../src/inventory-site.ts";
import { describeEngine } from "../support/hosts.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { promised } from "./tiny-bundle.ts";

describe.each(["docker-20.10", "docker-28"] as const)("installing a delta on an engine", (name) => {
  describeEngine(name, "where the first bundle is", (host) => {
    let fixture: EngineFixture;
    let first: WrittenBundle;
    let delta: WrittenBundle;
    beforeAll(async () => {
      fixture = await EngineFixture.start(host);
      first = await fixture.bundle({ models: (model) => model === "tiny:latest" });
      delta = await fixture.bundle({ held: heldBy([first]) });
    });
    afterAll(() => fixture[Symbol.asyncDispose]());
    afterEach(async () => {
      await fixture.forget(delta);
      await fixture.forget(first);
    });

    test("in a volume: inventory finds it, the delta has neither its image nor its blobs, and all is served", async () => {
      await using before = fixture.names();
      await using after = fixture.names();
      const { volume } = before;
      await fixture.install({ bundle: first.path, modelsIn: "volume", ...before });

      const state = await fixture.state();
      const { engine } = fixture;
      const env = { XDG_STATE_HOME: join(fixture.directory, "nobody") };
      const platform = "linux/amd64";
      const { site } = await inventorySite({ engine, env, volume, modelsIn: "volume", platform });
      expect(await fixture.state()).toBe(state);
      const [model] = first.manifest.models;
      expect(site.models).toEqual([
        { name: model?.name, digest: model?.digest, size: model?.size },
      ]);
      expect(site.blobs.map(({ sha256 }) => sha256)).toEqual(model?.blobs.toSorted());
      expect(site.images).toContainEqual(
        expect.objectContaining({ diffIds: first.manifest.images[0]?.diffIds }),
      );

      expect(siteMustHold(delta.manifest)).toMatchObject({
        images: [{ reference: first.manifest.images[0]?.reference }],
      });
      const into = { bundle: delta.path, modelsIn: "volume", ...after, volume } as const;
      const { report, error } = await fixture.install(into);
      expect(error).toBeUndefined();
      expect(report?.health?.isHealthy).toBe(true);
      expect(await fixture.tags(after.publish)).toEqual(promised(delta));
    });

    test.runIf(name === "docker-20.10")(
      "what the volume lacks or holds damaged is named, and so is an image that is not there; nothing is changed",
      async () => {
        await using names = fixture.names();
        await using others = fixture.names();
        await fixture.install({ bundle: first.path, modelsIn: "volume", ...names });
        const { volume } = names;
        const onto = { bundle: delta.path, modelsIn: "volume", ...others } as const;

        const state = await fixture.state();
        const lacking = await fixture.install(onto);
        expect(lacking.error).toMatchObject({ code: "BASE_MISSING", exitCode: 7 });
        const all = siteMustHold(delta.manifest)?.blobs ?? [];
        for (const { sha256 } of all)
          expect(lacking.error?.message).toContain(`blob sha256:${sha256} of `);

        const sha256 = all.reduce((a, b) => (a.size > b.size ? a : b)).sha256;
        await damage(fixture, { container: names.container, sha256 });
        const damaged = await fixture.install({ ...onto, volume });
        expect(damaged.error?.message).toMatch(
          new RegExp(`in the volume "${volume}":\n {2}blob sha256:${sha256} of .* is damaged$`),
        );
        expect(await fixture.state()).toBe(state);

        await fixture.engine.removeContainer(names.container);
        await fixture.forget(first);
        const withoutImage = await fixture.state();
        const { error } = await fixture.install({ ...onto, volume });
        expect(error?.message).toMatch(
          /in the engine:\n {2}image "\S+" \(config sha256:[0-9a-f]{64}\) is not there$/,
        );
        expect(await fixture.state()).toBe(withoutImage);
      },
    );

    test.runIf(name === "docker-20.10")(
      "a blob that disappears from the volume in the middle of it is named, and everything is undone",
      async () => {
        await using before = fixture.names();
        await using after = fixture.names();
        const { volume, container } = before;
        await fixture.install({ bundle: first.path, modelsIn: "volume", ...before });
        const [{ sha256 } = { sha256: "" }] = siteMustHold(delta.manifest)?.blobs ?? [];
        const blob = `blobs/sha256-${sha256}`;
        const engine = afterWriting(fixture.engine, () =>
          fixture.docker("exec", container, "rm", "-f", `${MODELS_DIRECTORY}/${blob}`),
        );
        const env = { XDG_STATE_HOME: join(fixture.directory, "meanwhile") };
        const state = await fixture.state();
        await expect(
          installBundle({ bundle: delta.path, modelsIn: "volume", engine, env, ...after, volume }),
        ).rejects.toMatchObject({
          code: "BASE_MISSING",
          message: `Cannot install into the volume "${volume}": "${blob}", which the bundle relies on, disappeared meanwhile`,
        });
        expect(await fixture.state()).toBe(state);
      },
    );
  });
});

describeEngine("docker-20.10", "a delta for a directory of the host", (host) => {
  test("only new blobs are written there, and all is served", async () => {
    await using fixture = await EngineFixture.start(host);
    await using bundles = forgotten(fixture);
    await using before = fixture.names();
    await using after = fixture.names();
    const modelsIn = `dir:${join(fixture.directory, "models")}` as const;
    const first = bundles.add(await fixture.bundle({ models: (model) => model === "tiny:latest" }));
    await fixture.install({ bundle: first.path, modelsIn, ...before });
    const delta = bundles.add(await fixture.bundle({ held: heldBy([first]) }));
    const { report, error } = await fixture.install({ bundle: delta.path, modelsIn, ...after });
    expect(error).toBeUndefined();
    expect(report?.health?.isHealthy).toBe(true);
    expect(await fixture.tags(after.publish)).toEqual(promised(delta));
  });
});

/** The engine, and something that happens each time when files were written into a container. */
function afterWriting(engine: Engine, happens: () => Promise<unknown>): Engine {
  const putArchive: Engine["putArchive"] = async (...args) => {
    await engine.putArchive(...args);
    await happens();
  };
  return new Proxy(engine, {
    get(target, key) {
      if (key === "putArchive") return putArchive;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Bundles whose images are removed in the end, when no container has them any more. */
function forgotten(fixture: EngineFixture) {
  const bundles: WrittenBundle[] = [];
  return {
    add(bundle: WrittenBundle): WrittenBundle {
      bundles.push(bundle);
      return bundle;
    },
    async [Symbol.asyncDispose]() {
      for (const bundle of bundles.toReversed()) await fixture.forget(bundle);
    },
  };
}

function damage(
  { engine }: EngineFixture,
  { container, sha256 }: { readonly container: string; readonly sha256: string },
): Promise<void> {
  const tar = tarOf([{ path: `sha256-${sha256}`, content: Buffer.from("other") }]);
  return engine.putArchive({ container, path: `${MODELS_DIRECTORY}/blobs` }, once(tar), {});
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
