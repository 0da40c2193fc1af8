import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import type { InstallOptions } from "../../src/install-bundle.ts";
import type { PrivateEngineName } from "../../scripts/test-hosts/test-hosts.ts";
import { describeEngine } from "../support/hosts.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { promised } from "./tiny-bundle.ts";

interface Target {
  readonly name: PrivateEngineName;
  readonly kind: "image" | "volume" | "dir";
}

const targets: readonly Target[] = [
  { name: "docker-28", kind: "image" },
  { name: "docker-28", kind: "volume" },
  // The other engine does not see this machine's directories.
  { name: "docker-20.10", kind: "dir" },
];

describe.each(targets)("on one host again and again: models in $kind", ({ name, kind }) => {
  describeEngine(name, "with bundles that differ", (host) => {
    let fixture: EngineFixture;
    let old: WrittenBundle;
    let next: WrittenBundle;
    beforeAll(async () => {
      fixture = await EngineFixture.start(host);
      old = await fixture.bundle({ bigSize: 200_000 });
      next = await fixture.bundle({
        bigSize: 3_000_000,
        models: (each) => !each.includes("embed"),
      });
    });
    afterAll(async () => {
      for (const bundle of [old, next]) await fixture.forget(bundle);
      await fixture[Symbol.asyncDispose]();
    });

    test("twice the same, a failed upgrade, an upgrade: a model that came otherwise stays until --exact", async () => {
      await using names = fixture.names();
      const modelsIn: InstallOptions["modelsIn"] =
        kind === "dir" ? `dir:${join(fixture.directory, "ein Ordner")}` : kind;
      const tag = `ollama-preloaded:${names.container}`;
      const how = { modelsIn, ...names, tag };
      const install = (bundle: WrittenBundle, more: Partial<InstallOptions> = {}) =>
        fixture.install({ bundle: bundle.path, ...how, ...more });
      const served = () => fixture.tags(names.publish);
      const foreign = { "foreign:latest": promised(old)["tiny:latest"] };

      expect((await install(old)).error).toBeUndefined();
      expect(await served()).toEqual(promised(old));

      const again = await install(old);
      expect(again.error).toBeUndefined();
      expect(again.report?.plan.replaces).toBe(names.container);
      expect(again.report?.plan.models.map(({ change }) => change)).toEqual(
        old.manifest.models.map(() => "keep"),
      );
      expect(await served()).toEqual(promised(old));
      expect(await fixture.state()).not.toContain("ollama-bundle-before-");

      await fixture.copyModel(names.publish, "tiny", "foreign");
      const id = async () => (await fixture.engine.container(names.container))?.id;
      const [before, containerBefore] = [await fixture.named(), await id()];
      const failed = await install(next, { healthTimeoutSeconds: 0.001, exact: true });
      expect(failed.error).toMatchObject({ code: "NOT_HEALTHY", exitCode: 6 });
      expect(await fixture.named()).toBe(before);
      expect(await id()).toBe(containerBefore);
      await expect.poll(served, { timeout: 30_000 }).toEqual({ ...promised(old), ...foreign });

      // An image has what was packed, and nothing else: there the upgrade is refused.
      const refused = expect.objectContaining({
        code: "NAME_TAKEN",
        message: expect.stringMatching(/would be gone with it: .*foreign:latest/),
        hint: expect.stringContaining("Add --exact"),
      });
      const upgraded = await install(next);
      expect(upgraded.error).toEqual(kind === "image" ? refused : undefined);
      const added = kind === "image" ? {} : promised(next);
      expect(await served()).toEqual({ ...promised(old), ...added, ...foreign });

      const { report, error } = await install(next, { exact: true });
      expect(error).toBeUndefined();
      // The base is there, and in an image what lies on it up to a layer that is not wanted any more.
      const { size = 0, there = 0 } = (upgraded.report ?? report)?.plan.layers ?? {};
      const sent = kind === "image" ? layersAfterTheSame(old, next) : [];
      expect(size - there).toBe(sent.reduce((sum, layer) => sum + layer.size, 0));
      expect(report?.plan.others).toContainEqual(
        expect.objectContaining({ name: expect.stringContaining("foreign"), change: "remove" }),
      );
      expect(await served()).toEqual(promised(next));
      await fixture.engine.removeContainer(names.container);
      await fixture.engine.removeImage(tag);
    });
  });
});

describeEngine("docker-28", "with a network of the site's own", (host) => {
  test("others in it reach the server as ollama, also where it leads nowhere else", async () => {
    await using fixture = await EngineFixture.start(host);
    await using names = fixture.names();
    const bundle = await fixture.bundle({ models: (each) => each === "tiny:latest" });
    const network = names.volume;
    const install = () => fixture.install({ bundle: bundle.path, network, ...names });
    const refused = await install();
    expect(refused.error).toMatchObject({
      exitCode: 7,
      message: expect.stringContaining(`there is no network "${network}"`),
      hint: expect.stringContaining(`docker network create ${network}`),
    });
    await fixture.docker("network", "create", "--internal", network);
    try {
      const { error } = await install();
      expect(error).toBeUndefined();
      const list = [
        "-e",
        "OLLAMA_HOST=http://ollama:11434",
        `ollama-preloaded:${bundle.manifest.name}`,
        "list",
      ];
      const { stdout } = await fixture.docker("run", "--rm", "--network", network, ...list);
      expect(stdout).toContain("tiny:latest");
    } finally {
      await fixture.engine.removeContainer(names.container);
      await fixture.docker("network", "rm", network);
      await fixture.forget(bundle);
    }
  });
});

/** The model layers of a bundle without those that an earlier one has first. */
function layersAfterTheSame(old: WrittenBundle, next: WrittenBundle) {
  const before = old.manifest.modelLayers;
  const after = next.manifest.modelLayers;
  const other = before.findIndex(({ diffId }) => !after.some((layer) => layer.diffId === diffId));
  const same = new Set(before.slice(0, other).map(({ diffId }) => diffId));
  return after.filter(({ diffId }) => !same.has(diffId));
}
