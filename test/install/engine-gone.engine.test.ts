import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeEngine } from "../support/hosts.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { promised } from "./tiny-bundle.ts";

describeEngine("docker-20.10", "an engine that goes away in the middle of a load", (host) => {
  test("is what the installation failed of, and the next one takes over its lock", async () => {
    await using fixture = await EngineFixture.start(host);
    await using names = fixture.names();
    const bundle = await fixture.bundle();
    {
      const socket = join(fixture.directory, "engine.sock");
      await using _gate = await gateTo(host.dockerHost.replace("unix://", ""), socket);
      const wishes = { bundle: bundle.path, ...names };
      const { error } = await fixture.install(wishes, `unix://${socket}`);
      expect(error).toMatchObject({ name: "EngineError", exitCode: 5 });
    }
    const { report } = await fixture.install({ bundle: bundle.path, ...names });
    expect(report?.health?.isHealthy).toBe(true);
    expect(await fixture.tags(names.publish)).toEqual(promised(bundle));
    await fixture.engine.removeContainer(names.container);
    await fixture.forget(bundle);
  });
});

/** A socket that leads to an engine's, and to nowhere once an image is loaded through it. */
async function gateTo(engine: string, path: string): Promise<AsyncDisposable> {
  const sockets: Socket[] = [];
  const server = createServer((here) => {
    const there = connect(engine);
    sockets.push(here, there);
    for (const socket of [here, there]) socket.on("error", () => {});
    here.on("data", (bytes) => {
      if (bytes.includes("/images/load")) close();
    });
    here.pipe(there).pipe(here);
  });
  function close(): void {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
  server.listen(path);
  await once(server, "listening");
  return { [Symbol.asyncDispose]: async () => close() };
}
