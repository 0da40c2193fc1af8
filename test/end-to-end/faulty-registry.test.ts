import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { runBundle } from "../cli/run-bundle.ts";
import { type Fault, startModelRegistry } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeModel } from "../support/tiny-models.ts";

const BLOB = { kind: "blob", method: "GET" } as const;

/** Of the requests for content every fifth meets one of these. */
const FAULTS: readonly Fault[] = [
  { on: BLOB, effect: { type: "cut", afterBytes: "random" }, share: 0.05 },
  {
    on: BLOB,
    effect: { type: "status", status: 429, headers: { "Retry-After": "1" } },
    share: 0.04,
  },
  { on: BLOB, effect: { type: "status", status: 503 }, share: 0.04 },
  { on: BLOB, effect: { type: "content-length", add: -5 }, share: 0.03 },
  { on: BLOB, effect: { type: "content-length", add: 5 }, share: 0.02 },
  { on: BLOB, effect: { type: "ignore-range" }, share: 0.02 },
  { on: BLOB, effect: { type: "flip", offset: 100 }, skip: 10, times: 2 },
];

test("where every fifth request fails in one way or another, a bundle comes of it all the same", async () => {
  await using place = await openPlace({ faults: FAULTS, seed: 7 });
  const { exitCode, stderr } = await place.create("tensors,big");
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect((await runBundle(["verify", place.output])).exitCode).toBe(0);
  const blobs = place.registry.requests.filter(({ kind }) => kind === "blob");
  const faulty = blobs.filter(({ fault }) => fault !== undefined);
  expect(faulty.length).toBeGreaterThan(5);
  // What came well is not asked for again: but for what was cut, lied about or wrong, each byte once.
  const asked = blobs.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
  expect(asked).toBeLessThanOrEqual(place.size + faulty.length * CHUNK_SIZE);
  await place.expectWholeBlobs();
});

test("a blob that never comes right is named, and gets no name in the staging volume", async () => {
  const flip: Fault = { on: BLOB, effect: { type: "flip", offset: CHUNK_SIZE + 1 } };
  await using place = await openPlace({ faults: [flip] });
  const { exitCode, stderr } = await place.create("big");
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(
    /^error: .*sha256:[0-9a-f]{12}.*blob of "registry\.ollama\.ai\/library\/big:latest"/m,
  );
  expect(stderr).toMatch(/^hint: /m);
  expect(await readdir(place.path)).not.toContain("bundle.tar.gz");
  await place.expectWholeBlobs();
});

test("a tag that moves between the manifest and the blobs changes nothing: the bundle is what was planned", async () => {
  await using place = await openPlace({});
  const moved: Fault = {
    on: { kind: "manifest" },
    effect: { type: "other-tag", tag: "absent" },
    skip: 1,
  };
  place.registry.setFaults([moved]);
  expect(await place.create("tensors")).toMatchObject({ exitCode: 0 });
  expect(place.registry.requests.filter(({ kind }) => kind === "manifest")).toHaveLength(1);
});

test("--parallel 1 asks for one thing after the other", async () => {
  await using place = await openPlace({});
  let most = 0;
  const watching = place.registry.until((requests) => {
    most = Math.max(most, requests.filter(({ outcome }) => outcome === "open").length);
    return requests.length > 40;
  });
  expect(await place.create("tensors", ["--parallel", "1"])).toMatchObject({ exitCode: 0 });
  await watching;
  expect(most).toBe(1);
});

test("--limit-rate holds for all downloads together, and what it makes of them is the same", async () => {
  await using place = await openPlace({});
  const started = performance.now();
  expect(await place.create("big", ["--limit-rate", "8M"])).toMatchObject({ exitCode: 0 });
  const seconds = (performance.now() - started) / 1000;
  const blobs = place.registry.requests.filter(({ kind }) => kind === "blob");
  const bytes = blobs.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
  expect(seconds).toBeGreaterThan(bytes / (8 * 1024 * 1024));
});

async function openPlace(options: { readonly faults?: readonly Fault[]; readonly seed?: number }) {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const [store, staging, output] = ["store", "staging", "bundle.tar.gz"].map((name) =>
    join(path, name),
  );
  const tensors = await writeModel(store ?? "", { name: "tensors", tensors: 40 });
  const big = await writeModel(store ?? "", { name: "big", size: 3 * CHUNK_SIZE });
  const registry = stack.use(await startModelRegistry({ store: store ?? "", ...options }));
  const where = ["--image", "none", "--staging", staging ?? "", "--model-registry", registry.url];
  const create = (models: string, more: readonly string[] = []) =>
    runBundle(["create", "--models", models, ...where, ...more], { cwd: path });
  const open = stack.move();
  return {
    path,
    registry,
    create,
    output: output ?? "",
    size: tensors.size + big.size,
    async expectWholeBlobs(): Promise<void> {
      const directory = join(staging ?? "", "blobs/sha256");
      for (const name of await readdir(directory))
        expect(sha256Hex(await readFile(join(directory, name)))).toBe(name);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
