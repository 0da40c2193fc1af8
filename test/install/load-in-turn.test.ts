import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ProgressEvent } from "../../src/core/progress.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { type Archive, loadInTurn } from "../../src/install/load-in-turn.ts";

test("the next is sent while one is unpacked, and its end waits", async () => {
  const engine = new SlowEngine();
  const loading = loadInTurn(engine.engine, archives(3), {});
  await engine.idle();
  expect(engine.seen).toEqual(["0 body", "0 end", "1 body", "2 body"]);
  engine.unpacked(0);
  await engine.idle();
  expect(engine.seen.slice(4)).toEqual(["1 end"]);
  engine.unpacked(1);
  await engine.idle();
  expect(engine.seen.slice(5)).toEqual(["2 end"]);
  engine.unpacked(2);
  await loading;
});

test("three are with the engine at the most", async () => {
  const engine = new SlowEngine();
  const loading = loadInTurn(engine.engine, archives(5), {});
  await engine.idle();
  expect(engine.seen).not.toContain("3 body");
  engine.unpacked(0);
  await engine.idle();
  expect(engine.seen).toContain("3 body");
  expect(engine.seen).not.toContain("4 body");
  for (const index of [1, 2, 3, 4]) {
    engine.unpacked(index);
    await engine.idle();
  }
  await loading;
});

test("one that fails ends those above it, and is the error", async () => {
  const engine = new SlowEngine();
  const loading = loadInTurn(engine.engine, archives(4), {}).catch((error: unknown) => error);
  await engine.idle();
  engine.fails(0, new Error("no space left"));
  expect(await loading).toEqual(new Error("no space left"));
  expect(engine.seen).toEqual(["0 body", "0 end", "1 body", "2 body", "1 cut", "2 cut"]);
});

test("a source that breaks off is what failed first, whatever the engine makes of what it has", async () => {
  const engine = new SlowEngine();
  const [first] = archives(1);
  if (first === undefined) throw new Error("there is no archive");
  const loading = loadInTurn(engine.engine, [first, broken], {}).catch((error: unknown) => error);
  await engine.idle();
  engine.fails(0, new Error("the engine is gone"));
  expect(await loading).toEqual(new Error("damaged"));
});

test("an abort is the error, also where the engine then fails with what it was sent", async () => {
  const engine = new SlowEngine();
  const controller = new AbortController();
  const { signal } = controller;
  const loading = loadInTurn(engine.engine, archives(1), { signal }).catch(
    (error: unknown) => error,
  );
  await engine.idle();
  expect(engine.seen).toEqual(["0 body", "0 end"]);
  controller.abort(new Error("interrupted"));
  engine.fails(0, new Error("the engine is gone"));
  expect(await loading).toEqual(new Error("interrupted"));
});

test("an abort cuts off what is not sent whole, and waits for what is: its image is then there to be removed", async () => {
  const engine = new SlowEngine();
  const controller = new AbortController();
  const events: ProgressEvent[] = [];
  const options = {
    signal: controller.signal,
    onProgress: (event: ProgressEvent) => void events.push(event),
  };
  let outcome: unknown;
  const loading = loadInTurn(engine.engine, archives(2), options).catch((error: unknown) => {
    outcome = error;
  });
  await engine.idle();
  controller.abort(new Error("interrupted"));
  await engine.idle();
  expect(engine.seen).toEqual(["0 body", "0 end", "1 body", "1 cut"]);
  expect(outcome).toBeUndefined();
  expect(events).toEqual([{ kind: "warning", text: expect.stringContaining("cannot be undone") }]);
  engine.unpacked(0);
  await loading;
  expect(outcome).toEqual(new Error("interrupted"));
});

async function* broken(): AsyncGenerator<Buffer> {
  yield Buffer.from("1 body");
  throw new Error("damaged");
}

function archives(count: number): Archive[] {
  return Array.from(
    { length: count },
    (_, index): Archive =>
      async function* archive(hold) {
        yield Buffer.from(`${index} body`);
        await hold();
        yield Buffer.from(`${index} end`);
      },
  );
}

/** Takes what comes at once, and unpacks it when it is told to. */
class SlowEngine {
  readonly seen: string[] = [];
  readonly #unpacking: PromiseWithResolvers<void>[] = [];
  readonly engine = { load: (tar, { signal }) => this.#load(tar, signal) } as Engine;

  unpacked(index: number): void {
    this.#unpacking[index]?.resolve();
  }

  fails(index: number, error: Error): void {
    this.#unpacking[index]?.reject(error);
  }

  /** When nothing goes on without one of these. */
  async idle(): Promise<void> {
    for (let turns = 0; turns < 50; turns += 1) await turn();
  }

  async #load(tar: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<readonly string[]> {
    const index = this.#unpacking.length;
    const unpacking = Promise.withResolvers<void>();
    this.#unpacking.push(unpacking);
    const cut = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => {
        this.seen.push(`${index} cut`);
        reject(signal.reason as Error);
      });
    });
    const taken = (async () => {
      for await (const bytes of tar) this.seen.push(String(bytes));
      await unpacking.promise;
    })();
    await Promise.race([taken, cut]);
    return [];
  }
}
