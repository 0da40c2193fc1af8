import { expect, test } from "vitest";
import { describeEngine } from "../support/hosts.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { promised } from "./tiny-bundle.ts";

describeEngine("docker-20.10-offline", "installing without a route, with dead proxies", (host) => {
  test("image and volume mode serve what was promised", async () => {
    await using fixture = await EngineFixture.start(host);
    const bundle = await fixture.bundle();
    for (const modelsIn of ["image", "volume"] as const) {
      await using names = fixture.names();
      const { report, error } = await fixture.install({ bundle: bundle.path, modelsIn, ...names });
      expect(error).toBeUndefined();
      expect(report?.health?.isHealthy).toBe(true);
      expect(await fixture.tags(names.publish)).toEqual(promised(bundle));
      await fixture.engine.removeContainer(names.container);
      await fixture.forget(bundle);
    }
  });
});
