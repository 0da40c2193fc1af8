import { once } from "node:events";
import { createServer } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { EngineError } from "../../src/core/errors.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { fakeEngine, fakeTcpEngine, refusal } from "./fake-engine.ts";

const notFound = refusal(404, "No such thing");

describe("connectEngine", () => {
  it("takes the engine that DOCKER_HOST names", async () => {
    await using fake = await fakeEngine(notFound);
    const engine = await connectEngine({ env: { DOCKER_HOST: fake.address } });
    expect(engine).toMatchObject({ address: fake.address, publishedHost: "127.0.0.1" });
  });

  it("prefers the address that it is given to DOCKER_HOST", async () => {
    await using fake = await fakeEngine(notFound);
    const engine = await connectEngine({
      dockerHost: fake.address,
      env: { DOCKER_HOST: "unix:///nowhere" },
    });
    expect(engine.address).toBe(fake.address);
  });

  it("reaches published ports of an engine on another host at that host", async () => {
    await using fake = await fakeTcpEngine(notFound);
    const engine = await connectEngine({ dockerHost: fake.address, env: {} });
    expect(engine.publishedHost).toBe("127.0.0.1");
    expect(await engine.image("docker.io/library/a:1")).toBeUndefined();
  });

  it("reaches a given socket though the process's own DOCKER_HOST names another engine", async () => {
    await using fake = await fakeEngine(notFound);
    vi.stubEnv("DOCKER_HOST", "tcp://127.0.0.1:1");
    try {
      const engine = await connectEngine({ dockerHost: fake.address, env: {} });
      expect(await engine.image("docker.io/library/a:1")).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("lists what it tried and why each failed when there is no engine", async () => {
    await using directory = await temporaryDirectory();
    const [missing, file] = [join(directory.path, "a.sock"), join(directory.path, "b.sock")];
    await writeFile(file, "");
    const failure = await connectFailure({ env: {}, sockets: [missing, file] });
    expect(failure.code).toBe("NO_ENGINE");
    expect(failure.message).toBe(
      `Cannot reach a container engine: "unix://${missing}" is not there; "unix://${file}" is not listening`,
    );
    expect(failure.hint).toContain("systemctl start");
  });

  it("takes the first socket that answers", async () => {
    await using fake = await fakeEngine(notFound);
    const sockets = ["/nowhere/docker.sock", fake.address.slice("unix://".length)];
    expect(await connectEngine({ env: {}, sockets })).toMatchObject({ address: fake.address });
  });

  it("says that ssh is not spoken", async () => {
    const failure = await connectFailure({ env: { DOCKER_HOST: "ssh://user@host" } });
    expect(failure.message).toBe(
      'Cannot reach a container engine: "ssh://user@host" (from DOCKER_HOST) is reached over ssh, which ollama-bundle does not speak',
    );
  });

  it.each(["nonsense", "unix://", "tcp://", "ftp://host:1"])(
    "says that %j is no address",
    async (address) => {
      const failure = await connectFailure({ env: { DOCKER_HOST: address } });
      expect(failure.message).toContain("is not an address");
    },
  );

  it("says that nothing listens on a socket that was left behind", async () => {
    const failure = await connectFailure({ dockerHost: "tcp://127.0.0.1:1", env: {} });
    expect(failure.message).toContain(
      '"tcp://127.0.0.1:1" (from the option dockerHost) is not listening',
    );
  });

  it("gives up on an engine that accepts and never answers", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "silent.sock");
    const server = createServer().listen(path);
    await once(server, "listening");
    const failure = await connectFailure({ dockerHost: `unix://${path}`, env: {}, timeout: 50 });
    expect(failure.message).toContain("does not answer within 0.05 s");
    server.close();
  });

  it("does not take any web server for an engine", async () => {
    await using fake = await fakeEngine(notFound, { hello: "world" });
    const failure = await connectFailure({ dockerHost: fake.address, env: {} });
    expect(failure.message).toContain("answers, but not as a container engine does");
  });

  it("ends with the reason of an abort", async () => {
    const reason = new Error("enough");
    const connecting = connectEngine({
      dockerHost: "unix:///nowhere",
      env: {},
      signal: AbortSignal.abort(reason),
    });
    await expect(connecting).rejects.toBe(reason);
  });
});

async function connectFailure(options: Parameters<typeof connectEngine>[0]): Promise<EngineError> {
  const failure = await connectEngine(options).catch((error: unknown) => error);
  if (!(failure instanceof EngineError))
    throw new Error("expected an EngineError", { cause: failure });
  return failure;
}
