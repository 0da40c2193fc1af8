import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { type BuiltImage, builtImage, uniqueName } from "../support/built-image.ts";
import { describeEngine, testRegistry } from "../support/hosts.ts";
import { tinyProgram } from "../support/tiny-program.ts";
import type { CommandResult } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";
import { DockerHost } from "./support/docker-host.ts";
import { type InstalledNames, installedNames } from "./support/installed-names.ts";

describe.each(["docker-20.10", "docker-28"] as const)("what can be in the way", (engineName) => {
  describeEngine(engineName, "on an engine", (host) => {
    const docker = new DockerHost(host);
    const name = uniqueName();
    let side: ConnectedSide;
    let silent: BuiltImage;
    beforeAll(async () => {
      side = await connectedSide();
      const engine = await connectEngine({ dockerHost: host.dockerHost, env: {} });
      // Starts, and never answers anything.
      silent = await builtImage(
        engine,
        {
          instructions: [
            "COPY ollama /bin/ollama",
            "STOPSIGNAL SIGKILL",
            'ENTRYPOINT ["/bin/ollama"]',
          ],
          files: { ollama: tinyProgram({}) },
        },
        `localhost:1/silent/${name}:0.24.0`,
      );
      const what = ["--models", "tiny", "--image", silent.reference, "--name", name];
      await docker.bundleSucceeds(["create", ...what, "--from-store", side.store], {
        home: side.path,
      });
    });
    afterAll(async () => {
      await silent[Symbol.asyncDispose]();
      await side[Symbol.asyncDispose]();
    });

    test("an unknown image, when creating", async () => {
      const image = `${testRegistry()}/no/such:1`;
      const what = ["--models", "none", "--image", image, "-o", "unknown.tar.gz"];
      const result = await docker.bundle(["create", ...what], { home: side.path });
      expect(result).toMatchObject({ exitCode: 3, stderr: expect.stringContaining(image) });
    });

    test("a container that holds the port, by its name", async () => {
      const port = await docker.freePort();
      await using holder = await runningContainer(["-p", `127.0.0.1:${port}:11434`]);
      expect(await refused(["-p", String(port)])).toMatchObject(
        refusal(String(port), `"${holder.name}"`),
      );
    });

    test.skipIf(host.networkNamespace)("another program that holds the port", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      const port = typeof address === "object" ? String(address?.port) : "";
      expect(await refused(["-p", port])).toMatchObject(
        refusal(`127.0.0.1:${port}`, "another program"),
      );
      server.close();
    });

    test("a container that has the name, with what it runs", async () => {
      await using holder = await runningContainer([]);
      const port = String(await docker.freePort());
      expect(await refused(["-p", port, "--container", holder.name])).toMatchObject(
        refusal(`"${holder.name}"`, silent.reference),
      );
    });

    test("an image that has the tag", async () => {
      const port = String(await docker.freePort());
      expect(await refused(["-p", port, "--tag", silent.reference])).toMatchObject(
        refusal(silent.reference, "is taken"),
      );
    });

    test.each(["image", "volume"])(
      "a server that never answers, in `%s` mode: everything is undone",
      async (modelsIn) => {
        const names = installedNames(modelsIn);
        const before = await docker.state();
        const how = [
          "--models-in",
          modelsIn,
          "-p",
          String(await docker.freePort()),
          "--health-timeout",
          "2",
        ];
        const result = await install(names, how);
        const after = await docker.state();
        await docker.remove(names.on(name));
        expect(result).toMatchObject({
          exitCode: 6,
          stderr: expect.stringMatching(/check "server"/),
        });
        expect(after).toEqual(before);
      },
    );

    test("a server that never answers, with --keep-on-failure: its container is left, stopped", async () => {
      const names = installedNames();
      const port = String(await docker.freePort());
      const result = await install(names, [
        "-p",
        port,
        "--health-timeout",
        "2",
        "--keep-on-failure",
      ]);
      const state = await docker.docker("inspect", "-f", "{{.State.Status}}", names.container);
      await docker.remove(names.on(name));
      expect(result).toMatchObject({
        exitCode: 6,
        stderr: expect.stringContaining(`"${names.container}"`),
      });
      expect(state).toBe("exited");
    });

    /** The result of an install that changed nothing. */
    async function refused(how: readonly string[]): Promise<CommandResult> {
      const before = await docker.state();
      const result = await install(installedNames(), how);
      expect(await docker.state()).toEqual(before);
      return result;
    }

    function install(names: InstalledNames, how: readonly string[]): Promise<CommandResult> {
      const args = ["install", "bundle.tar.gz", ...names.options, ...how];
      return docker.bundle(args, { home: side.path });
    }

    async function runningContainer(
      options: readonly string[],
    ): Promise<AsyncDisposable & { readonly name: string }> {
      const container = uniqueName();
      await docker.docker("run", "-d", "--name", container, ...options, silent.reference);
      return {
        name: container,
        [Symbol.asyncDispose]: () => docker.remove({ containers: [container] }),
      };
    }
  });
});

/** Exit code 7, and a message with these texts in their order. */
function refusal(...texts: readonly string[]): object {
  const pattern = texts.map((text) => text.replaceAll(/[.]/g, String.raw`\.`)).join("[^]*");
  return { exitCode: 7, stderr: expect.stringMatching(new RegExp(pattern)) };
}
