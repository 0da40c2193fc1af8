import { afterAll, beforeAll, expect, test } from "vitest";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { describeEngine } from "../support/hosts.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { passageTo } from "./engine-passage.ts";
import { promised } from "./tiny-bundle.ts";

const BIG = 20_000_000;

describeEngine("docker-20.10", "a host that has an earlier bundle's image", (host) => {
  let fixture: EngineFixture;
  let first: WrittenBundle;
  let next: WrittenBundle;
  beforeAll(async () => {
    fixture = await EngineFixture.start(host);
    const models = (name: string) => !name.includes("embed");
    first = await fixture.bundle({ bigSize: BIG, models });
    next = await fixture.bundle({ bigSize: BIG, system: "You are another test." });
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  test("is sent only the layers that it lacks, and serves all; what else is there stays", async () => {
    await using names = fixture.names();
    await using passage = await passageTo(host.dockerHost, fixture.directory);
    const tag = `ollama-preloaded:${names.container}`;
    const install = async (bundle: WrittenBundle) => {
      const before = passage.sent;
      const wishes = { bundle: bundle.path, ...names, tag };
      const { report, error } = await fixture.install(wishes, passage.dockerHost);
      expect(error).toBeUndefined();
      expect(await fixture.tags(names.publish)).toEqual(promised(bundle));
      return {
        sent: passage.sent - before,
        layers: report?.plan.layers,
        loaded: report?.plan.names.loaded,
      };
    };

    const whole = await install(first);
    expect(whole.sent).toBeGreaterThan(BIG);
    const { loaded = "" } = whole;
    const id = (await fixture.engine.image(loaded))?.id;

    const upgraded = await install(next);
    const { size = 0, there = 0 } = upgraded.layers ?? {};
    expect(there).toBeGreaterThan(BIG);
    expect(size - there).toBeLessThan(1_000_000);
    expect(upgraded.sent).toBeGreaterThan(size - there);
    expect(upgraded.sent).toBeLessThan(size - there + 100_000);
    expect((await fixture.engine.image(loaded))?.id).toBe(id);

    const again = await install(next);
    expect(again.layers).toEqual({ size, there: size });
    expect(again.sent).toBeLessThan(100_000);
    await forgetAll(names.container, tag);
  });

  test("is sent all of it, where that image goes after it was looked at", async () => {
    await using names = fixture.names();
    const installed = await fixture.install({ bundle: first.path, ...names });
    await fixture.engine.removeContainer(names.container);
    let loads = 0;
    await using passage = await passageTo(host.dockerHost, fixture.directory, async () => {
      loads++;
      await fixture.forget(first);
    });
    const { report, error } = await fixture.install(
      { bundle: next.path, ...names },
      passage.dockerHost,
    );
    expect(error).toBeUndefined();
    expect(report?.plan.layers?.there).toBeGreaterThan(BIG);
    expect(loads).toBe(2);
    expect(passage.sent).toBeGreaterThan(report?.plan.layers?.size ?? Infinity);
    expect(await fixture.tags(names.publish)).toEqual(promised(next));
    expect(await fixture.engine.image(installed.report?.plan.names.loaded ?? "")).toBeUndefined();
    await forgetAll(names.container);
  });

  async function forgetAll(container: string, tag?: string): Promise<void> {
    await fixture.engine.removeContainer(container);
    if (tag !== undefined) await fixture.engine.removeImage(tag);
    for (const bundle of [first, next]) await fixture.forget(bundle);
  }
});
