import { once } from "node:events";
import { Readable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { BuildSpec, Engine } from "../../src/engine/engine.ts";
import { DOCKER_VERSION, type FakeEngine, fakeEngine, messages, refusal } from "./fake-engine.ts";

const REFERENCE = "docker.io/ollama/ollama:0.24.0";
const ID = `sha256:${"a".repeat(64)}`;
const PODMAN = { ...DOCKER_VERSION, Components: [{ Name: "Podman Engine", Version: "4.3.1" }] };
const buildSpec: BuildSpec = {
  context: Buffer.alloc(1024),
  dockerfile: "Dockerfile.models",
  target: "runtime",
  tag: "docker.io/library/built:1",
  args: { BASE: "base:1" },
  labels: { a: "b" },
};

interface Operation {
  readonly name: string;
  readonly run: (engine: Engine, signal?: AbortSignal) => Promise<unknown>;
  readonly success: readonly object[];
  readonly steps: readonly object[];
}

const operations: readonly Operation[] = [
  {
    name: "pull",
    run: (engine, signal) => engine.pull(REFERENCE, { signal }),
    steps: [
      { status: "Pulling from ollama/ollama", id: "0.24.0" },
      { status: "Pulling fs layer", id: "l1", progressDetail: {} },
      { status: "Download complete", id: "l1", progressDetail: {} },
    ],
    success: [{ status: `Status: Downloaded newer image for ${REFERENCE}` }],
  },
  {
    name: "load",
    run: (engine, signal) => engine.load(Readable.from([Buffer.alloc(1024)]), { signal }),
    steps: [{ status: "Loading layer", id: "l1", progressDetail: { current: 1, total: 2 } }],
    success: [{ stream: "Loaded image: ollama/ollama:0.24.0\n" }],
  },
  {
    name: "build",
    run: (engine, signal) => engine.build(buildSpec, { signal }),
    steps: [{ stream: "Step 1/2 : FROM base" }, { stream: "\n" }, { aux: { ID: "sha256:stage" } }],
    success: [{ aux: { ID } }, { stream: "Successfully built aaaaaaaaaaaa\n" }],
  },
];

describe.each(operations)(
  "$name, whose answer is 200 whatever happened",
  ({ run, success, steps }) => {
    it("works when the engine says so", async () => {
      await using fake = await fakeEngine(messages(...steps, ...success));
      await expect(run(await connectTo(fake))).resolves.not.toThrow();
    });

    it("fails with the engine's text for an errorDetail in the middle", async () => {
      const error = {
        errorDetail: { message: "no space left on device" },
        error: "no space left on device",
      };
      await using fake = await fakeEngine(messages(...steps, error, ...success));
      await expect(run(await connectTo(fake))).rejects.toMatchObject({
        name: "EngineError",
        code: "ENGINE_FAILED",
        message: expect.stringMatching(/^Cannot .*: no space left on device$/),
      });
    });

    it("fails with the engine's text for an error without details", async () => {
      await using fake = await fakeEngine(messages(...steps, { error: "manifest unknown" }));
      await expect(run(await connectTo(fake))).rejects.toThrow(": manifest unknown");
    });

    it("fails when the answer ends without saying that it worked", async () => {
      await using fake = await fakeEngine(messages(...steps));
      await expect(run(await connectTo(fake))).rejects.toThrow(
        "ended its answer without saying that it worked",
      );
    });

    it("fails when the engine dies in the middle of its answer", async () => {
      await using fake = await fakeEngine(async (request, response) => {
        request.resume();
        await once(request, "end");
        response.write(`${JSON.stringify(steps[0])}\r\n`, () => response.destroy());
      });
      await expect(run(await connectTo(fake))).rejects.toThrow(
        "ended the connection in the middle",
      );
    });

    it("fails for an answer that is not made of messages", async () => {
      await using fake = await fakeEngine((_, response) => void response.end("<html>proxy</html>"));
      await expect(run(await connectTo(fake))).rejects.toThrow(
        'the engine answers "<html>proxy</html>"',
      );
    });

    it("does not collect a line without end", async () => {
      await using fake = await fakeEngine(
        (_, response) => void response.end(Buffer.alloc(3_000_000, "a")),
      );
      await expect(run(await connectTo(fake))).rejects.toThrow("a line of more than 1048576 bytes");
    });

    it("fails with the engine's text for an HTTP error", async () => {
      await using fake = await fakeEngine(refusal(404, "no such thing"));
      await expect(run(await connectTo(fake))).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: expect.stringMatching(/: no such thing$/),
      });
    });

    it("ends with the reason of an abort, and ends the request", async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const closed = Promise.withResolvers<void>();
      await using fake = await fakeEngine((request, response) => {
        request.resume();
        response.on("close", () => closed.resolve());
        response.write(`${JSON.stringify(steps[0])}\r\n`, () => controller.abort(reason));
      });
      await expect(run(await connectTo(fake), controller.signal)).rejects.toBe(reason);
      await closed.promise;
    });
  },
);

describe("load", () => {
  it("fails with the engine's text for an image that it loaded and could not unpack", async () => {
    const problem = "Error unpacking image x:1: failed to extract layer sha256:1: not found";
    const said = [{ stream: "Loaded image: x:1\n" }, { stream: `${problem}\n` }];
    await using fake = await fakeEngine(messages(...said));
    const engine = await connectTo(fake);
    await expect(engine.load(Readable.from([Buffer.alloc(1024)]), {})).rejects.toMatchObject({
      code: "ENGINE_FAILED",
      message: `Cannot load images into the engine: ${problem}`,
    });
  });
});

describe("an image", () => {
  const shown = { Id: ID, Os: "linux", Architecture: "amd64" };
  it.each([
    [{}, true],
    [{ Manifests: [] }, true],
    [{ Manifests: [{ Available: false }, { Available: true }] }, true],
    [{ Manifests: [{ Available: false }] }, false],
    [{ Os: "", Architecture: "" }, false],
  ])("of which the engine says %j is complete: %s", async (said, isComplete) => {
    await using fake = await fakeEngine((_, response) => {
      response.end(JSON.stringify({ ...shown, ...said }));
    });
    expect(await (await connectTo(fake)).image(REFERENCE)).toMatchObject({ isComplete });
  });

  it.each([
    ["1.41", false],
    ["1.47", false],
    ["1.48", true],
    ["1.100", true],
  ])("is asked for its manifests with API %s: %s", async (ApiVersion, isAsked) => {
    await using fake = await fakeEngine((_, response) => void response.end(JSON.stringify(shown)), {
      ...DOCKER_VERSION,
      ApiVersion,
    });
    await (await connectTo(fake)).image(REFERENCE);
    expect(fake.requests.at(-1)?.endsWith("/json?manifests=true")).toBe(isAsked);
  });

  it("that cannot be looked at is left out of all of them", async () => {
    await using fake = await fakeEngine((request, response) => {
      const names = ["docker.io/library/bad:1", "docker.io/library/good:1"];
      if (request.url?.includes("bad")) void refusal(500, "broken")(request, response);
      else if (request.url?.includes("good")) response.end(JSON.stringify(shown));
      else response.end(JSON.stringify(names.map((name) => ({ RepoTags: [name] }))));
    });
    expect(await (await connectTo(fake)).images()).toMatchObject([{ id: ID }]);
  });
});

describe("pull", () => {
  it("asks for the reference alone, without a platform", async () => {
    await using fake = await fakeEngine(messages({ status: "Status: Image is up to date for x" }));
    const engine = await connectTo(fake);
    await engine.pull(REFERENCE, {});
    await engine.pull(`registry.example:5000/a@${ID}`, {});
    expect(fake.requests.slice(1).map((request) => decodeURIComponent(request))).toEqual([
      "POST /images/create?fromImage=docker.io/ollama/ollama&tag=0.24.0",
      `POST /images/create?fromImage=registry.example:5000/a&tag=${ID}`,
    ]);
  });

  it("tells the bytes of all layers together, and never goes back", async () => {
    const downloading = (id: string, current: number, total: number) => ({
      status: "Downloading",
      id,
      progressDetail: { current, total },
    });
    await using fake = await fakeEngine(
      messages(
        { status: "Pulling fs layer", id: "l1" },
        { status: "Pulling fs layer", id: "l2" },
        downloading("l1", 50, 100),
        downloading("l2", 100, 1000),
        downloading("l1", 10, 100),
        { status: "Download complete", id: "l1" },
        downloading("l2", 900, 1000),
        { status: "Status: Downloaded newer image for x" },
      ),
    );
    const events: ProgressEvent[] = [];
    await (await connectTo(fake)).pull(REFERENCE, { onProgress: (event) => events.push(event) });
    expect(events).toEqual([
      { kind: "bytes", item: REFERENCE, done: 50 },
      { kind: "bytes", item: REFERENCE, done: 150, total: 1100 },
      { kind: "bytes", item: REFERENCE, done: 150, total: 1100 },
      { kind: "bytes", item: REFERENCE, done: 1000, total: 1100 },
    ]);
  });

  it("takes Podman's last word for what Docker says of a layer", async () => {
    await using fake = await fakeEngine(
      messages({ status: "Download complete", id: "l1" }),
      PODMAN,
    );
    await expect((await connectTo(fake)).pull(REFERENCE, {})).resolves.toBeUndefined();
  });
});

describe("build", () => {
  it("asks the classic builder, without a network, and takes the id of the last stage", async () => {
    await using fake = await fakeEngine(
      messages({ aux: { ID: "sha256:stage" } }, ...(operations[2]?.success ?? [])),
    );
    expect(await (await connectTo(fake)).build(buildSpec, {})).toBe(ID);
    const query = new URL(fake.requests[1]?.split(" ")[1] ?? "", "http://engine").searchParams;
    expect(Object.fromEntries(query)).toEqual({
      version: "1",
      networkmode: "none",
      rm: "true",
      forcerm: "true",
      dockerfile: "Dockerfile.models",
      target: "runtime",
      t: "docker.io/library/built:1",
      buildargs: '{"BASE":"base:1"}',
      labels: '{"a":"b"}',
    });
  });
});

describe("what is looked up or removed and not there", () => {
  it("is undefined, or nothing to do", async () => {
    await using fake = await fakeEngine(refusal(404, "No such thing"));
    const engine = await connectTo(fake);
    expect(await engine.image(REFERENCE)).toBeUndefined();
    expect(await engine.container("ollama")).toBeUndefined();
    expect(await engine.volume("models")).toBeUndefined();
    expect(await engine.getArchive({ container: "ollama", path: "/x" })).toBeUndefined();
    await engine.removeImage(REFERENCE);
    await engine.removeContainer("ollama");
    await engine.removeVolume("models");
  });

  it("is an error when the engine fails otherwise", async () => {
    await using fake = await fakeEngine(refusal(500, "database is locked"));
    const engine = await connectTo(fake);
    await expect(engine.image(REFERENCE)).rejects.toThrow(
      `Cannot look at the image "${REFERENCE}": database is locked`,
    );
    await expect(engine.removeVolume("models")).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });
});

describe("createContainer", () => {
  it("says that the name is taken", async () => {
    await using fake = await fakeEngine(
      refusal(409, "Conflict. The container name is already in use"),
    );
    const spec = { name: "ollama", image: REFERENCE, labels: {} };
    await expect((await connectTo(fake)).createContainer(spec)).rejects.toMatchObject({
      code: "NAME_TAKEN",
    });
  });
});

describe("an unreadable answer", () => {
  it("is an EngineError that says so", async () => {
    await using fake = await fakeEngine((_, response) => void response.end('{"Id":7}'));
    await expect((await connectTo(fake)).image(REFERENCE)).rejects.toThrow(
      /could not be understood/,
    );
  });
});

describe("proxies in the environment", () => {
  it("are not asked for a socket", async () => {
    await using fake = await fakeEngine(refusal(404, "No such thing"));
    for (const name of ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"])
      vi.stubEnv(name, "http://127.0.0.1:1");
    try {
      const engine = await connectEngine({ dockerHost: fake.address });
      expect(await engine.image(REFERENCE)).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

function connectTo(fake: FakeEngine): Promise<Engine> {
  return connectEngine({ dockerHost: fake.address, env: {} });
}
