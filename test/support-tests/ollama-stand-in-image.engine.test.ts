import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { uniqueName } from "../support/built-image.ts";
import { describeEngine, spawnOnHost } from "../support/hosts.ts";
import { buildStandInImage } from "../support/ollama-stand-in/image/build-stand-in-image.ts";

const HEALTH_COMMAND = "OLLAMA_HOST=127.0.0.1:11434 ollama list";

describe.each(["docker-20.10", "docker-20.10-offline", "docker-28"] as const)("%s", (name) => {
  describeEngine(name, "the stand-in's image", (host) => {
    const tag = `ollama-stand-in-test:${uniqueName()}`;
    const older = `docker.io/library/${tag}`;
    const newer = `${older}-newer`;
    let engine: Engine;

    beforeAll(async () => {
      engine = await connectEngine({ dockerHost: host.dockerHost, env: {} });
      await buildStandInImage(engine, { reference: older });
      await buildStandInImage(engine, { reference: newer, version: "0.25.1" });
    });

    afterAll(async () => {
      await engine.removeImage(newer);
      await engine.removeImage(older);
    });

    test("is shaped like Ollama's own", async () => {
      const { stdout } = await docker("image", "inspect", tag);
      expect(JSON.parse(stdout)[0].Config).toMatchObject({
        Entrypoint: ["/bin/ollama"],
        Cmd: ["serve"],
        ExposedPorts: { "11434/tcp": {} },
        Env: expect.arrayContaining([
          "OLLAMA_HOST=0.0.0.0:11434",
          "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
        ]),
      });
      const { Healthcheck, Volumes, User } = JSON.parse(stdout)[0].Config;
      expect([Healthcheck ?? "none", Volumes ?? "none", User ?? ""]).toEqual(["none", "none", ""]);
    });

    test("of another version differs in its top layer only", async () => {
      const [base, program, ...more] = (await engine.image(older))?.diffIds ?? [];
      expect(more).toEqual([]);
      const { diffIds = [] } = (await engine.image(newer)) ?? {};
      expect(diffIds).toEqual([base, expect.not.stringMatching(program ?? "")]);
      const version = await docker("run", "--rm", "--network=none", `${tag}-newer`, "--version");
      expect(version.stdout).toContain("client version is 0.25.1");
    });

    test("serves, answers `docker exec … ollama list`, is healthy, and stops at once", async () => {
      const container = uniqueName();
      const health = ["--health-cmd", HEALTH_COMMAND, "--health-interval", "1s"];
      // A proxy in the container's environment is what the health command must withstand.
      const proxy = ["--env", "HTTP_PROXY=http://127.0.0.1:9"];
      const options = ["--name", container, "--network=none", ...health, ...proxy];
      await docker("run", "--detach", ...options, tag);
      try {
        await vi.waitFor(
          async () => expect(await inspect(container, ".State.Health.Status")).toBe("healthy"),
          { timeout: 30_000 },
        );
        const own = await docker("exec", "--env", "HTTP_PROXY=", container, "ollama", "list");
        expect(own).toMatchObject({ exitCode: 0, stdout: "NAME    ID    SIZE    MODIFIED \n" });
        expect(await docker("exec", container, "ollama", "list")).toMatchObject({ exitCode: 1 });
        await docker("stop", container);
        expect(await inspect(container, ".State.ExitCode")).toBe("0");
      } finally {
        await docker("rm", "--force", "--volumes", container);
      }
    });

    function docker(...args: readonly string[]) {
      return spawnOnHost(host, ["docker", "--host", host.dockerHost, ...args]);
    }

    async function inspect(container: string, field: string): Promise<string> {
      return (await docker("inspect", "--format", `{{${field}}}`, container)).stdout.trim();
    }
  });
});
