import { expect, test } from "vitest";
import { describeEngine } from "../support/hosts.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { passageTo } from "./engine-passage.ts";
import { promised } from "./tiny-bundle.ts";

describeEngine("docker-20.10", "an engine that goes away in the middle of a load", (host) => {
  test("is what the installation failed of, and the next one takes over its lock", async () => {
    await using fixture = await EngineFixture.start(host);
    await using names = fixture.names();
    const bundle = await fixture.bundle();
    {
      await using passage = await passageTo(host.dockerHost, fixture.directory, (each) =>
        each.close(),
      );
      const wishes = { bundle: bundle.path, ...names };
      const { error } = await fixture.install(wishes, passage.dockerHost);
      expect(error).toMatchObject({ name: "EngineError", exitCode: 5 });
    }
    const { report } = await fixture.install({ bundle: bundle.path, ...names });
    expect(report?.health?.isHealthy).toBe(true);
    expect(await fixture.tags(names.publish)).toEqual(promised(bundle));
    await fixture.engine.removeContainer(names.container);
    await fixture.forget(bundle);
  });
});
