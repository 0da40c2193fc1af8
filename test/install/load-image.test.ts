import { once } from "node:events";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { readTar } from "../../src/core/tar.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { bytesToLoad, imageToLoad, loadArchive } from "../../src/install/image-to-load.ts";
import type { JournalStep } from "../../src/install/journal-step.ts";
import { loadImage } from "../../src/install/load-image.ts";
import { DOCKER_VERSION, fakeEngine, messages } from "../engine/fake-engine.ts";
import { smallContents, stagedImage, writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const LOADED = { Id: "sha256:1", Os: "linux", Architecture: "amd64" };
const SAYS_LOADED = { stream: "Loaded image: any" };
const LAYER_SIZE = 1024;
const NEW_DOCKER = { ...DOCKER_VERSION, ApiVersion: "1.48" };
const unrecorded = { journal: { add: async () => {} }, installation: "i1" };

test.each([
  [{ ...LOADED, Os: "", Architecture: "" }, "has it incompletely, content of it is missing"],
  [{ ...LOADED, Architecture: "arm64" }, "has it for linux/arm64"],
  [LOADED, "has it with other layers"],
  [undefined, "does not have it"],
])("an engine that afterwards shows %j is not believed: it %s", async (shown, found) => {
  await using directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  const { path } = await writeSmallBundle(directory.path, pool);
  await using bundle = await BundleReader.open(path, pool);
  await using fake = await engineThatShows(shown);
  const engine = await connectEngine({ dockerHost: fake.address, env: {} });
  const [packed] = bundle.manifest.images;
  if (packed === undefined) throw new Error("the small bundle has no image");
  const image = await imageToLoad(
    bundle,
    { image: packed, modelLayers: [], there: 0, takesPart: false },
    {},
  );
  await expect(loadImage({ engine, bundle, image, ...unrecorded }, {})).rejects.toMatchObject({
    code: "IMAGE_DIFFERS",
    message: `Cannot use the image "${image.name}" that was just loaded: the engine ${found}`,
  });
});

describe("layers that the engine has", () => {
  test.each([
    { there: 0, brought: ["x", "y"] },
    { there: 1, brought: ["x", "y"] },
    { there: 2, brought: ["x"] },
    { there: 3, brought: [] },
  ])(
    "are left out: $there from the first on of x, y, x, so the archive has $brought",
    async ({ there, brought }) => {
      await using opened = await openedBundle(["x", "y", "x"]);
      const { bundle, packed } = opened;
      const image = await imageToLoad(
        bundle,
        { image: packed, modelLayers: [], there, takesPart: true },
        {},
      );
      const found = [...(await blobsIn(loadArchive(bundle, image, {})))];
      expect(found.filter((hex) => hex === hexOf("x") || hex === hexOf("y"))).toEqual(
        brought.map((text) => hexOf(text)),
      );
      expect(bytesToLoad(image)).toBe(brought.length * LAYER_SIZE);
    },
  );

  test("are sent after all, where the engine refuses without them", async () => {
    await using opened = await openedBundle(["x", "y"]);
    const { bundle, packed } = opened;
    const image = await imageToLoad(
      bundle,
      { image: packed, modelLayers: [], there: 1, takesPart: true },
      {},
    );
    const archives: ReadonlySet<string>[] = [];
    await using fake = await fakeEngine(async (request, response) => {
      if (request.method === "GET") {
        response.end(JSON.stringify({ ...LOADED, RootFS: { Layers: packed.diffIds } }));
        return;
      }
      archives.push(await blobsIn(request));
      const refused = { errorDetail: { message: "no such file or directory" } };
      response.end(JSON.stringify(archives.length === 1 ? refused : SAYS_LOADED));
    });
    const engine = await connectEngine({ dockerHost: fake.address, env: {} });
    await loadImage({ engine, bundle, image, ...unrecorded }, {});
    expect(archives.map((blobs) => [blobs.has(hexOf("x")), blobs.has(hexOf("y"))])).toEqual([
      [false, true],
      [true, true],
    ]);
  });

  test.each([
    { there: 1, size: LAYER_SIZE, sent: [["y"], ["x", "y"]], of: "that were there" },
    { there: 0, size: 128 * 1024 * 1024, sent: [["x"], ["y"], ["x", "y"]], of: "sent before" },
  ])(
    "are sent with the others, where the engine says that it lacks those $of",
    async ({ there, size, sent }) => {
      await using opened = await openedBundle(["x", "y"], size);
      const { bundle, packed } = opened;
      const contents = { image: packed, modelLayers: [], there, takesPart: true };
      const image = await imageToLoad(bundle, contents, {});
      const archives: string[][] = [];
      await using fake = await fakeEngine(async (request, response) => {
        if (request.method === "POST") {
          const blobs = await blobsIn(request);
          archives.push(["x", "y"].filter((text) => blobs.has(hexOf(text, size))));
        }
        const [Available, Layers] = [archives.length === sent.length, packed.diffIds];
        const shown = { ...LOADED, RootFS: { Layers }, Manifests: [{ Available }] };
        response.end(JSON.stringify(request.method === "POST" ? SAYS_LOADED : shown));
      }, NEW_DOCKER);
      const engine = await connectEngine({ dockerHost: fake.address, env: {} });
      const events: ProgressEvent[] = [];
      const onProgress = (event: ProgressEvent) => void events.push(event);
      await loadImage({ engine, bundle, image, ...unrecorded }, { onProgress });
      expect(archives).toEqual(sent);
      expect(events).toContainEqual({
        kind: "note",
        text: "Loading all of the image: in parts, the engine has it incompletely, content of it is missing",
      });
      const asked = fake.requests.filter((each) => each.startsWith("GET"));
      expect(asked.at(-1)).toMatch(/^GET \/images\/ollama-bundle\.local.*\/json\?manifests=true$/);
    },
  );

  test("have nothing to do with it, where the engine refuses all of them: that is the error", async () => {
    await using opened = await openedBundle(["x"]);
    const { bundle, packed } = opened;
    const image = await imageToLoad(
      bundle,
      { image: packed, modelLayers: [], there: 1, takesPart: true },
      {},
    );
    await using fake = await fakeEngine(messages({ errorDetail: { message: "no space left" } }));
    const engine = await connectEngine({ dockerHost: fake.address, env: {} });
    await expect(loadImage({ engine, bundle, image, ...unrecorded }, {})).rejects.toMatchObject({
      code: "ENGINE_FAILED",
      message: expect.stringContaining("no space left"),
    });
    expect(fake.requests.filter((each) => each.startsWith("POST"))).toHaveLength(2);
  });
});

test("a prefix is in the journal before it is sent; that its name stays is a warning, and the image is there", async () => {
  await using opened = await openedBundle(["x", "y"], 128 * 1024 * 1024);
  const { bundle, packed } = opened;
  const contents = { image: packed, modelLayers: [], there: 0, takesPart: true };
  const image = await imageToLoad(bundle, contents, {});
  const order: string[] = [];
  const journal = { add: async ({ kind }: JournalStep) => void order.push(kind) };
  await using fake = await fakeEngine(async (request, response) => {
    if (request.method === "DELETE") response.statusCode = 409;
    if (request.method === "POST") {
      order.push("sent");
      await once(request.resume(), "end");
    }
    const shown = { ...LOADED, RootFS: { Layers: packed.diffIds } };
    const busy = { message: "it is in use" };
    const answers = { DELETE: busy, GET: shown, POST: SAYS_LOADED };
    response.end(JSON.stringify(Reflect.get(answers, request.method ?? "")));
  });
  const engine = await connectEngine({ dockerHost: fake.address, env: {} });
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent) => void events.push(event);
  await loadImage({ engine, bundle, image, ...unrecorded, journal }, { onProgress });
  expect(order).toEqual(["image", "sent", "sent"]);
  expect(fake.requests.filter((each) => each.startsWith("POST"))).toHaveLength(2);
  expect(events).toContainEqual({ kind: "warning", text: expect.stringContaining("it is in use") });
});

/** A bundle with an image of these layers, each of so many bytes. */
async function openedBundle(layers: readonly string[], size = LAYER_SIZE) {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory());
  const pool = cleanup.use(new ChunkPool());
  const image = await stagedImage(
    directory.path,
    layers.map((text) => layerOf(text, size)),
  );
  const contents = { ...(await smallContents(directory.path)), images: [image] };
  const { path } = await writeSmallBundle(directory.path, pool, contents);
  const bundle = cleanup.use(await BundleReader.open(path, pool));
  const [packed] = bundle.manifest.images;
  if (packed === undefined) throw new Error("the bundle has no image");
  const kept = cleanup.move();
  return { bundle, packed, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function layerOf(text: string, size = LAYER_SIZE): Buffer {
  return Buffer.alloc(size, text);
}

function hexOf(text: string, size = LAYER_SIZE): string {
  return sha256Hex(layerOf(text, size));
}

/** The names of an archive's blobs. */
async function blobsIn(archive: AsyncIterable<Uint8Array>): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { path } of readTar(Readable.from(archive))) {
    if (path.startsWith("blobs/sha256/")) found.add(path.slice("blobs/sha256/".length));
  }
  return found;
}

/** Takes every archive, and says that it loaded it. */
function engineThatShows(image: object | undefined) {
  return fakeEngine(async (request, response) => {
    if (request.method === "POST") {
      await once(request.resume(), "end");
      response.end(JSON.stringify(SAYS_LOADED));
      return;
    }
    response.statusCode = image === undefined ? 404 : 200;
    response.end(JSON.stringify(image ?? { message: "No such image" }));
  });
}
