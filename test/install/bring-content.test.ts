import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { bringContent } from "../../src/install/bring-content.ts";
import { diffIdsOf, imageToLoad } from "../../src/install/image-to-load.ts";
import { Journal } from "../../src/install/journal.ts";
import type { WrittenBlobs } from "../../src/install/models-target.ts";
import { selectModels } from "../../src/install/select-models.ts";
import { volumeTarget } from "../../src/install/volume/models-into-volume.ts";
import { fakeEngine } from "../engine/fake-engine.ts";
import { noise, smallContents, stagedImage, writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** So many that one of the two fills every buffer that it can get. */
const CHUNKS_EACH = 10;

const cleanup = new AsyncDisposableStack();
const pool = cleanup.use(new ChunkPool());
let directory: string;
let bundle: BundleReader;

beforeAll(async () => {
  directory = cleanup.use(await temporaryDirectory()).path;
  const content = (seed: number) => noise(CHUNKS_EACH * CHUNK_SIZE, seed);
  const contents = await smallContents(directory, content(11));
  const images = [await stagedImage(directory, [content(12)])];
  const { path } = await writeSmallBundle(directory, pool, { ...contents, images });
  bundle = cleanup.use(await BundleReader.open(path, pool));
});
afterAll(() => cleanup.disposeAsync());

type Upload = "load" | "models";

/** What an engine does with the two uploads; each is read to its end unless it does something else. */
interface Behaviour {
  /** This one is not read before the other one is there whole. */
  readonly waits?: Upload;
  /** The load fails as soon as models come, or have failed. */
  readonly loadFails?: "while models come" | "after them";
  /** What models are answered with. */
  readonly models?: { readonly status: number; readonly message: string };
}

test.each(["load", "models"] as const)(
  "image and models of a new volume are sent at the same time: an engine that keeps the %s waiting gets the other whole",
  async (waits) => {
    const { outcome, events } = await bring({ waits });
    expect(outcome).toMatchObject({ blobs: { length: 3 } });
    expect(events.filter(({ kind }) => kind === "step")).toHaveLength(1);
    const sent = new Map(
      events.flatMap((each) => (each.kind === "bytes" ? [[each.item, each]] : [])),
    );
    expect([...sent.keys()].toSorted()).toEqual(["image", "models"]);
    for (const { done, total = Infinity } of sent.values())
      expect(done).toBeGreaterThanOrEqual(total);
  },
);

test("a load that fails ends the writing of models, and is the error", async () => {
  const { outcome, received } = await bring({ loadFails: "while models come" });
  expect(outcome).toMatchObject({
    code: "ENGINE_FAILED",
    message: expect.stringContaining("no space left"),
  });
  expect(received).not.toContain("models");
});

test("where models cannot be written the load comes to its end, so that its image is there to be removed", async () => {
  const models = { status: 500, message: "the volume is full" };
  const { outcome, received, events } = await bring({ waits: "load", models });
  expect(outcome).toMatchObject({ message: expect.stringContaining("the volume is full") });
  expect(received).toEqual(["models", "load"]);
  expect(events).toContainEqual({
    kind: "warning",
    text: expect.stringMatching(/the volume is full.*then everything is undone$/),
  });
});

test("what failed first is the error, whatever becomes of the load", async () => {
  const models = { status: 500, message: "the volume is full" };
  const { outcome } = await bring({ loadFails: "after them", models });
  expect(outcome).toMatchObject({ message: expect.stringContaining("the volume is full") });
});

test("a volume that is there gets no models before the image is loaded: undoing them takes its `rm`", async () => {
  const { requests } = await bring({}, { volumeExists: true });
  const first = requests.find((each) => /images\/load|containers\/create|archive/.test(each));
  expect(first).toContain("images/load");
});

async function bring(behaviour: Behaviour, { volumeExists = false } = {}) {
  const [packed] = bundle.manifest.images;
  if (packed === undefined) throw new Error("the bundle has no image");
  const image = await imageToLoad(
    bundle,
    { image: packed, modelLayers: [], there: 0, takesPart: false },
    {},
  );
  const received: Upload[] = [];
  const warned = Promise.withResolvers<void>();
  await using fake = await fakeEngine(
    engineThat(behaviour, { diffIds: diffIdsOf(image), received, warned: warned.promise }),
  );
  const engine = await connectEngine({ dockerHost: fake.address, env: {} });
  const head = { installation: "i1", tool: { name: "t", version: "1" } };
  const journal = await Journal.begin(join(directory, "i1"), {
    ...head,
    bundle: { name: "small", id: bundle.id },
    startedAt: "2026-01-02T03:04:05.000Z",
  });
  const helper = { engine, volume: "v", name: "helper", image: "empty:1", installation: "i1" };
  const into = { bundle, pool, selection: selectModels(bundle.manifest), journal, helper };
  const target = volumeTarget({
    ...into,
    image: image.name,
    server: "s",
    volumeExists,
    labels: {},
  });
  const planned = { image, isLoaded: false };
  const run = { engine, bundle, journal, installation: "i1", planned };
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent): void => {
    events.push(event);
    if (event.kind === "warning") warned.resolve();
  };
  const outcome: WrittenBlobs | Error = await bringContent(run, target, { onProgress }).catch(
    (error: Error) => error,
  );
  await journal.close();
  return { outcome, events, received, requests: fake.requests };
}

interface Observed {
  readonly diffIds: readonly string[];
  readonly received: Upload[];
  /** Resolves when the user is told that models cannot be written. */
  readonly warned: Promise<void>;
}

function engineThat(
  { waits, loadFails, models = { status: 200, message: "" } }: Behaviour,
  { diffIds, received, warned }: Observed,
) {
  const whole = { load: Promise.withResolvers<void>(), models: Promise.withResolvers<void>() };
  const modelsCome = Promise.withResolvers<void>();
  const read = async (upload: Upload, request: IncomingMessage): Promise<void> => {
    if (waits === upload) await whole[upload === "load" ? "models" : "load"].promise;
    await once(request.resume(), "end");
    received.push(upload);
    whole[upload].resolve();
  };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url = "" } = request;
    // What is cut off has no error of its own to tell.
    request.on("error", () => {});
    if (url.includes("/images/load")) {
      if (loadFails === undefined) await read("load", request);
      else await (loadFails === "after them" ? warned : modelsCome.promise);
      answer(response, loadFails ? failure("no space left") : { stream: "Loaded image: any" });
    } else if (method === "PUT") {
      modelsCome.resolve();
      if (loadFails === "while models come") return;
      await read("models", request);
      answer(response, { message: models.message }, models.status);
    } else if (method === "GET" && url.includes("/archive")) {
      answer(response, { message: "no such file" }, 404);
    } else {
      const rootfs = { Type: "layers", Layers: diffIds };
      answer(response, { ...BUILT, Os: "linux", Architecture: "amd64", RootFS: rootfs }, 200);
    }
  };
}

/** Good enough an answer to every small request, that of a build too. */
const BUILT = {
  Id: "sha256:1",
  stream: "Successfully built 0123456789ab\n",
  aux: { ID: "sha256:1" },
};

function failure(message: string): object {
  return { error: message, errorDetail: { message } };
}

function answer(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}
