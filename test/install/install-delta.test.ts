import { rmSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { HostError } from "../../src/core/errors.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { installBundle } from "../../src/install-bundle.ts";
import { storeHost } from "./store-host.ts";
import { treeOf } from "./store-tree.ts";
import { promised } from "./tiny-bundle.ts";
import { upgradedModels } from "./upgraded-models.ts";

/** A host where the first bundle is installed, and the delta that was made since. */
async function upgradedHost() {
  const here = await storeHost();
  const { first, create } = await upgradedModels(here.path);
  await installBundle({ bundle: first, ...here.options });
  const { bundle } = await create("second", { since: [first] });
  const delta = bundle as WrittenBundle;
  const needed = new Set(blobsOf(delta, "a"));
  const ofA = delta.manifest.delta?.omitted.filter(({ sha256 }) => needed.has(sha256)) ?? [];
  const weights = ofA.reduce((a, b) => (a.size > b.size ? a : b)).sha256;
  return Object.assign(here, { delta, weights: join(here.store, `blobs/sha256-${weights}`) });
}

function blobsOf({ manifest }: WrittenBundle, model: string): readonly string[] {
  return manifest.models.find(({ name }) => name.includes(`/${model}:`))?.blobs ?? [];
}

describe("installing a delta into a store", () => {
  test("only new blobs are carried, and all models are served as promised", async () => {
    await using here = await upgradedHost();
    const { delta } = here;
    const carried = delta.manifest.files.filter(({ path }) => path.startsWith("models/blobs/"));
    const [a, b, c] = ["a", "b", "c"].map((model) => blobsOf(delta, model));
    const old = new Set(delta.manifest.delta?.omitted.map(({ sha256 }) => sha256));
    expect(a?.every((blob) => old.has(blob))).toBe(true);
    expect(
      b?.filter((blob) => !old.has(blob)),
      "the one that differs",
    ).toHaveLength(1);
    expect(new Set(carried.map(({ sha256 }) => sha256))).toEqual(
      new Set([...(b ?? []), ...(c ?? [])].filter((blob) => !old.has(blob))),
    );

    const { health } = await installBundle({ bundle: delta.path, ...here.options });
    expect(health?.isHealthy).toBe(true);
    expect(await here.tags()).toEqual(promised(delta));
  });

  test("into an image it is refused, with the reason, before an engine is asked for", async () => {
    await using here = await upgradedHost();
    const { env } = here.options;
    await expect(installBundle({ bundle: here.delta.path, env })).rejects.toMatchObject({
      code: "UNSUITABLE",
      exitCode: 4,
      message: expect.stringContaining("the layers of an image need every byte"),
      hint: expect.stringContaining("--models-in volume"),
    });
  });

  test("a blob that the store lacks is named, and nothing is changed", async () => {
    await using here = await upgradedHost();
    await rm(here.weights);
    const before = await treeOf(here.store);
    const refused = installBundle({ bundle: here.delta.path, ...here.options });
    await expect(refused).rejects.toThrow(HostError);
    await expect(refused).rejects.toMatchObject({
      code: "BASE_MISSING",
      exitCode: 7,
      message: expect.stringMatching(
        /\n {2}blob sha256:[0-9a-f]{64} of registry\.ollama\.ai\/library\/a:latest is not there$/,
      ),
      hint: expect.stringMatching(/^Install first \([0-9a-f]{12}\) again, or bring a bundle/),
    });
    expect(await treeOf(here.store)).toEqual(before);
  });

  test("a blob that is damaged there is named, and nothing is changed", async () => {
    await using here = await upgradedHost();
    const content = await readFile(here.weights);
    content.writeUInt8(content.readUInt8(70_000) ^ 4, 70_000);
    await writeFile(here.weights, content);
    const before = await treeOf(here.store);
    await expect(installBundle({ bundle: here.delta.path, ...here.options })).rejects.toThrow(
      /library\/a:latest is damaged$/,
    );
    expect(await treeOf(here.store)).toEqual(before);
  });

  test("what the models that --only names do not need may be missing", async () => {
    await using here = await upgradedHost();
    await rm(here.weights);
    const { plan } = await installBundle({
      bundle: here.delta.path,
      ...here.options,
      only: ["c", "b"],
    });
    expect(plan.models).toHaveLength(2);
  });

  test("a blob that disappears in the middle of it: everything is undone", async () => {
    await using here = await upgradedHost();
    const before = await treeOf(here.store);
    const onProgress = (event: ProgressEvent) => {
      if (event.kind === "step" && event.text.startsWith("Writing models")) rmSync(here.weights);
    };
    const refused = installBundle({ bundle: here.delta.path, ...here.options, onProgress });
    await expect(refused).rejects.toThrow(/which the bundle relies on, disappeared meanwhile/);
    delete before[`blobs/${here.weights.split("/").at(-1)}`];
    expect(await treeOf(here.store)).toEqual(before);
  });
});
