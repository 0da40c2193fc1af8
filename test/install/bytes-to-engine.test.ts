import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { readTar } from "../../src/core/tar.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { putVolumeBlobs } from "../../src/install/volume/fill-volume.ts";
import { imageToLoad, layersOf } from "../../src/install/image-to-load.ts";
import { loadImage } from "../../src/install/load-image.ts";
import { selectModels } from "../../src/install/select-models.ts";
import { fakeEngine } from "../engine/fake-engine.ts";
import { noise, smallContents, stagedImage, writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const unrecorded = { journal: { add: async () => {} }, installation: "i1" };

/** So many that buffers are filled anew while what was in them may still be on its way. */
const CHUNKS_EACH = 6;

const cleanup = new AsyncDisposableStack();
const pool = cleanup.use(new ChunkPool());
let bundle: BundleReader;

beforeAll(async () => {
  const directory = cleanup.use(await temporaryDirectory());
  const content = (seed: number) => noise(CHUNKS_EACH * CHUNK_SIZE, seed);
  const contents = await smallContents(directory.path, content(11));
  const image = await stagedImage(directory.path, [content(12), content(13)]);
  const { path } = await writeSmallBundle(directory.path, pool, { ...contents, images: [image] });
  bundle = cleanup.use(await BundleReader.open(path, pool));
});
afterAll(() => cleanup.disposeAsync());

test("an engine that reads slowly gets every layer of an image as its diff_id says", async () => {
  const [image] = bundle.manifest.images;
  if (image === undefined) throw new Error("the bundle has no image");
  const { modelLayers } = bundle.manifest;
  const toLoad = await imageToLoad(bundle, { image, modelLayers, there: 0, takesPart: false }, {});
  const stated = layersOf(toLoad).map(({ diffId }) => diffId);
  let received: ReadonlyMap<string, string> = new Map();
  await using fake = await fakeEngine(async (request, response) => {
    if (request.method === "GET") {
      const rootfs = { Type: "layers", Layers: stated };
      answer(response, { Id: stated[0], Os: "linux", Architecture: "amd64", RootFS: rootfs });
      return;
    }
    received = await digestsOf(request);
    answer(response, { stream: `Loaded image: ${toLoad.name}\n` });
  });
  const engine = await connectEngine({ dockerHost: fake.address, env: {} });
  await loadImage({ engine, bundle, image: toLoad, ...unrecorded }, {});

  expect(new Set(stated).size).toBeGreaterThan(3);
  expect(stated.map((diffId) => received.get(`blobs/sha256/${diffId.slice(7)}`))).toEqual(
    stated.map((diffId) => diffId.slice(7)),
  );
});

test("an engine that reads slowly gets every blob of a volume as its name says", async () => {
  let received: ReadonlyMap<string, string> = new Map();
  await using fake = await fakeEngine(async (request, response) => {
    received = await digestsOf(request);
    response.end();
  });
  const engine = await connectEngine({ dockerHost: fake.address, env: {} });
  const helper = { engine, volume: "models", name: "helper", image: "base", installation: "i1" };
  const { blobs } = selectModels(bundle.manifest);
  await putVolumeBlobs({ bundle, helper, pool }, blobs, {});

  expect(blobs.map(({ sha256 }) => received.get(`blobs/sha256-${sha256}`))).toEqual(
    blobs.map(({ sha256 }) => sha256),
  );
});

/** sha256 of each file of the tar that is sent, hex, by its path. */
async function digestsOf(request: IncomingMessage): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for await (const { path, content } of readTar(Readable.from(slowly(request)))) {
    const hash = createHash("sha256");
    for await (const bytes of content) hash.update(bytes);
    digests.set(path, hash.digest("hex"));
  }
  return digests;
}

/** Nothing for a moment, and then in small pieces with pauses: longer than filling all buffers again takes. */
async function* slowly(request: IncomingMessage): AsyncGenerator<Buffer> {
  await delay(500);
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    yield piece;
    bytes += piece.length;
    if (bytes < CHUNK_SIZE) continue;
    bytes = 0;
    await delay(20);
  }
}

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}
