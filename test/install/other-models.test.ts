import { cp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { installBundle } from "../../src/install-bundle.ts";
import { type StoreHost, storeHost } from "./store-host.ts";
import { treeOf } from "./store-tree.ts";
import { promised, writeTinyBundle } from "./tiny-bundle.ts";

const LIBRARY = "manifests/registry.ollama.ai/library";

/** A store with the models of a bundle, and one more that shares its blobs with them. */
async function storeWithForeign(): Promise<StoreHost & { readonly old: WrittenBundle }> {
  const here = await storeHost();
  const old = await writeTinyBundle(here.path, { name: "old", bigSize: 200_000 });
  await installBundle({ bundle: old.path, ...here.options });
  const tiny = join(here.store, LIBRARY, "tiny/latest");
  const foreign = join(here.store, LIBRARY, "foreign/latest");
  await cp(dirname(tiny), dirname(foreign), {
    recursive: true,
    filter: (path) => !path.endsWith("second"),
  });
  return { ...here, old };
}

function nextBundle(here: StoreHost): Promise<WrittenBundle> {
  return writeTinyBundle(here.path, {
    name: "new",
    bigSize: 3_000_000,
    models: (name) => name === "big:latest" || name === "tiny-embed:latest",
  });
}

/** Blobs of the old bundle's model that no other model has. */
async function ownBlobsOf(here: StoreHost & { readonly old: WrittenBundle }, name: string) {
  const { models } = here.old.manifest;
  const model = models.find((each) => each.name.endsWith(`/${name}`));
  const others = models.filter((each) => each !== model).flatMap(({ blobs }) => blobs);
  return (model?.blobs ?? [])
    .filter((hex) => !others.includes(hex))
    .map((hex) => `blobs/sha256-${hex}`);
}

describe("models that a store has and the bundle does not name", () => {
  test("stay, also when their blobs were a replaced model's; what was replaced leaves no blobs", async () => {
    await using here = await storeWithForeign();
    const next = await nextBundle(here);
    const { plan } = await installBundle({ bundle: next.path, ...here.options });
    expect(plan.models.map(({ name, change }) => [name.split("/").at(-1), change])).toEqual([
      ["big:latest", "replace"],
      ["tiny-embed:latest", "keep"],
    ]);
    expect(
      plan.others?.map(({ name, change }) => [name.split("/").at(-1), change]).toSorted(),
    ).toEqual([
      ["foreign:latest", "keep"],
      ["tiny:latest", "keep"],
      ["tiny:second", "keep"],
    ]);
    const before = promised(here.old);
    expect(await here.tags()).toEqual({
      ...before,
      ...promised(next),
      "foreign:latest": before["tiny:latest"],
    });
    const files = Object.keys(await treeOf(here.store));
    for (const blob of await ownBlobsOf(here, "big:latest")) expect(files).not.toContain(blob);
    for (const blob of here.old.manifest.models.find(({ name }) => name.endsWith("/tiny:latest"))
      ?.blobs ?? [])
      expect(files).toContain(`blobs/sha256-${blob}`);
  });

  test("are removed with --exact, with the blobs that nothing else needs; a dry run lists them and removes none", async () => {
    await using here = await storeWithForeign();
    const next = await nextBundle(here);
    const before = await treeOf(here.store);
    const exact = { bundle: next.path, ...here.options, exact: true };
    const { plan } = await installBundle({ ...exact, dryRun: true });
    expect(plan.others?.map(({ change }) => change)).toEqual(["remove", "remove", "remove"]);
    expect(await treeOf(here.store)).toEqual(before);

    await installBundle(exact);
    expect(await here.tags()).toEqual(promised(next));
    const blobs = new Set(next.manifest.models.flatMap((model) => model.blobs));
    const files = Object.keys(await treeOf(here.store));
    expect(files.filter((path) => path.startsWith("blobs/")).toSorted()).toEqual(
      [...blobs].map((hex) => `blobs/sha256-${hex}`).toSorted(),
    );
  });

  test("stay with --exact --only where the bundle names them", async () => {
    await using here = await storeWithForeign();
    await installBundle({ bundle: here.old.path, ...here.options, exact: true, only: ["tiny"] });
    expect(await here.tags()).toEqual(promised(here.old));
  });

  test("are back when the installation fails after --exact removed them", async () => {
    await using here = await storeWithForeign();
    const next = await nextBundle(here);
    const before = await treeOf(here.store);
    let asked = 0;
    const failure = new Error("the clock stopped");
    const now = () => {
      // The last is for the receipt.
      if (asked++ === 2) throw failure;
      return new Date();
    };
    const failed = installBundle({ bundle: next.path, ...here.options, exact: true, now });
    await expect(failed).rejects.toBe(failure);
    expect(await treeOf(here.store)).toEqual(before);
  });

  test("need not be read: files that are no models are none, and stay", async () => {
    await using here = await storeWithForeign();
    const finder = join(here.store, LIBRARY, "tiny/.DS_Store");
    await writeFile(finder, "x");
    const { plan } = await installBundle({ bundle: here.old.path, ...here.options, exact: true });
    expect(plan.others?.map(({ name }) => name)).toEqual([
      "registry.ollama.ai/library/foreign:latest",
    ]);
    expect(await readFile(finder, "utf8")).toBe("x");
  });
});
