import { once } from "node:events";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { type FakeEngine, fakeEngine, messages } from "./fake-engine.ts";

const REFERENCE = "docker.io/ollama/ollama:0.24.0";
const ID = `sha256:${"a".repeat(64)}`;

describe("load", () => {
  it("tells everything that was loaded, by full names and ids", async () => {
    await using fake = await fakeEngine(
      messages(
        { stream: "Loaded image: ollama/ollama:1\n" },
        { stream: `Loaded image ID: ${ID}\n` },
      ),
    );
    const loaded = await (await connectTo(fake)).load(Readable.from([Buffer.alloc(1024)]), {});
    expect(loaded).toEqual(["docker.io/ollama/ollama:1", ID]);
  });

  it("sends each chunk before it asks for the next, so that a source may use one buffer for all", async () => {
    const received = Promise.withResolvers<Buffer>();
    await using fake = await fakeEngine(async (request, response) => {
      received.resolve(await buffer(request));
      response.end(`${JSON.stringify({ stream: "Loaded image: a:1\n" })}\n`);
    });
    const shared = Buffer.from(new SharedArrayBuffer(100_000));
    const tar = (async function* () {
      for (let value = 0; value < 50; value += 1) yield shared.fill(value);
    })();
    await (await connectTo(fake)).load(tar, {});
    const expected = Array.from({ length: 50 }, (_, value) => Buffer.alloc(shared.length, value));
    expect(Buffer.concat(expected).equals(await received.promise)).toBe(true);
  });

  it("passes on what its source throws, unwrapped, and ends the request", async () => {
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    await using fake = await fakeEngine((request) => {
      request.on("error", () => {});
      request.on("close", () => closed.resolve());
      request.on("data", () => arrived.resolve());
    });
    const failure = new RangeError("chunk 3 is damaged");
    const tar = Readable.from(
      (async function* () {
        yield Buffer.alloc(1024);
        await arrived.promise;
        throw failure;
      })(),
    );
    await expect((await connectTo(fake)).load(tar, {})).rejects.toBe(failure);
    await closed.promise;
  });

  it("fails when its source is closed without an end", async () => {
    const started = Promise.withResolvers<void>();
    await using fake = await fakeEngine((request) => {
      request.on("error", () => {});
      request.once("data", () => started.resolve());
    });
    const tar = new Readable({ read() {} });
    tar.push(Buffer.alloc(1024));
    const loading = (await connectTo(fake)).load(tar, {});
    await started.promise;
    tar.destroy();
    await expect(loading).rejects.toThrow("Cannot load images into the engine");
  });

  it("destroys its source when the engine refuses in the middle", async () => {
    await using fake = await fakeEngine((request, response) => {
      request.once("data", () => response.end(`${JSON.stringify({ error: "disk full" })}\n`));
    });
    const tar = new Readable({ read: () => void tar.push(Buffer.alloc(65_536)) });
    await expect((await connectTo(fake)).load(tar, {})).rejects.toThrow(": disk full");
    expect(tar.destroyed).toBe(true);
  });

  it("destroys its source on an abort", async () => {
    const controller = new AbortController();
    await using fake = await fakeEngine((request) => {
      request.on("error", () => {});
      request.once("data", () => controller.abort());
    });
    const tar = new Readable({ read: () => void tar.push(Buffer.alloc(65_536)) });
    const loading = (await connectTo(fake)).load(tar, { signal: controller.signal });
    await expect(loading).rejects.toMatchObject({ name: "AbortError" });
    expect(tar.destroyed).toBe(true);
  });
});

describe("save", () => {
  it("gives the stream, and an EngineError when it breaks", async () => {
    await using fake = await fakeEngine((_, response) => {
      response.write(Buffer.alloc(1000), () => response.destroy());
    });
    const tar = await (await connectTo(fake)).save(REFERENCE, {});
    await expect(buffer(tar)).rejects.toMatchObject({
      name: "EngineError",
      message: expect.stringContaining(
        `Cannot save "${REFERENCE}": the engine at ${fake.address} ended the connection`,
      ),
    });
  });

  it("ends with the reason of an abort before, at and after the beginning of the answer", async () => {
    const reason = new Error("enough");
    const controllers = [new AbortController(), new AbortController()] as const;
    const closed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    let requests = 0;
    await using fake = await fakeEngine((_, response) => {
      const at = requests === 0 ? 0 : 1;
      requests += 1;
      response.on("close", () => closed[at].resolve());
      if (at === 0) controllers[0].abort(reason);
      setImmediate(() => response.write(Buffer.alloc(1000)));
    });
    const engine = await connectTo(fake);
    await expect(engine.save(REFERENCE, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    await expect(engine.save(REFERENCE, { signal: controllers[0].signal })).rejects.toBe(reason);
    await closed[0].promise;
    const tar = await engine.save(REFERENCE, { signal: controllers[1].signal });
    tar.once("data", () => controllers[1].abort(reason));
    await expect(once(tar, "end")).rejects.toBe(reason);
    await closed[1].promise;
  });

  it("ends the request when the stream is destroyed", async () => {
    const closed = Promise.withResolvers<void>();
    await using fake = await fakeEngine((_, response) => {
      response.on("close", () => closed.resolve());
      response.write(Buffer.alloc(1000));
    });
    const tar = await (await connectTo(fake)).save(REFERENCE, {});
    tar.destroy();
    await expect(closed.promise).resolves.toBeUndefined();
  });
});

function connectTo(fake: FakeEngine): Promise<Engine> {
  return connectEngine({ dockerHost: fake.address, env: {} });
}
