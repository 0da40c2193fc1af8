import { once } from "node:events";
import { expect, test } from "vitest";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { imageToLoad } from "../../src/install/image-to-load.ts";
import { loadImage } from "../../src/install/load-image.ts";
import { fakeEngine } from "../engine/fake-engine.ts";
import { writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const LOADED = { Id: "sha256:1", Os: "linux", Architecture: "amd64" };

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
  const image = await imageToLoad(bundle, { image: packed, modelLayers: [] }, {});
  await expect(loadImage({ engine, bundle, image }, {})).rejects.toMatchObject({
    code: "IMAGE_DIFFERS",
    message: `Cannot use the image "${image.name}" that was just loaded: the engine ${found}`,
  });
});

/** Takes every archive, and says that it loaded it. */
function engineThatShows(image: object | undefined) {
  return fakeEngine(async (request, response) => {
    if (request.method === "POST") {
      await once(request.resume(), "end");
      response.end(JSON.stringify({ stream: "Loaded image: any" }));
      return;
    }
    response.statusCode = image === undefined ? 404 : 200;
    response.end(JSON.stringify(image ?? { message: "No such image" }));
  });
}
