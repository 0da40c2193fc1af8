import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SiteFile } from "../../src/bundle/delta/site-file.ts";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { installBundle } from "../../src/install-bundle.ts";
import { inventorySite } from "../../src/inventory-site.ts";
import { storeHost } from "./store-host.ts";
import { treeOf } from "./store-tree.ts";
import { promised } from "./tiny-bundle.ts";
import { upgradedModels } from "./upgraded-models.ts";

/** A host where the first bundle is installed, and the inventory that is taken there. */
async function siteWithModels() {
  const here = await storeHost();
  const models = await upgradedModels(here.path);
  await installBundle({ bundle: models.first, ...here.options });
  const site = join(here.path, "site.json");
  const { env, store } = here.options;
  const takeInventory = () =>
    inventorySite({ store, env, modelsIn: "native", platform: "linux/amd64", output: site });
  return Object.assign(here, models, { site, takeInventory });
}

describe("the inventory of a site", () => {
  test("a bundle that is made by it carries only new blobs, installs, and serves as promised", async () => {
    await using here = await siteWithModels();
    const { site } = await here.takeInventory();
    expect(site.models.map(({ name }) => name)).toEqual(
      ["a", "b"].map((name) => `registry.ollama.ai/library/${name}:latest`),
    );
    expect(site.bundles).toMatchObject([{ name: "first" }]);

    const since = await here.create("since", { since: [here.first] });
    const bySite = await here.create("by-site", { site: here.site });
    const paths = ({ bundle }: typeof since) => bundle?.manifest.delta?.omitted;
    expect(paths(bySite)).toEqual(paths(since));
    expect(bySite.modelsIn).toBe("native");

    const delta = bySite.bundle as WrittenBundle;
    const { health } = await installBundle({ bundle: delta.path, ...here.options });
    expect(health?.isHealthy).toBe(true);
    expect(await here.tags()).toEqual(promised(delta));
  });

  test("changes nothing, and names no host, no user and no path", async () => {
    await using here = await siteWithModels();
    const before = await treeOf(here.store);
    const { text, written } = await here.takeInventory();
    expect(await treeOf(here.store)).toEqual(before);
    expect(await readFile(written ?? "", "utf8")).toBe(text);
    expect(text.length).toBeLessThan(5000);
    for (const secret of [hostname(), userInfo().username, here.path, here.store, "/"])
      expect(text.replaceAll(/"(?:name|platform)": "[^"]*"/g, "")).not.toContain(secret);
  });

  test("without options is that of the place where the latest installation put its models", async () => {
    await using here = await siteWithModels();
    const { site } = await inventorySite({ env: here.options.env, platform: "linux/amd64" });
    expect(site).toMatchObject({ modelsIn: "native", models: [{}, {}] });
  });

  test("replaces an earlier site file, and nothing else that has the name", async () => {
    await using here = await siteWithModels();
    await here.takeInventory();
    await here.takeInventory();
    const bundle = await readFile(here.first);
    await rm(here.site);
    await writeFile(here.site, bundle);
    await expect(here.takeInventory()).rejects.toThrow(
      `Cannot write the site file "${here.site}": something else has that name: it is no site file`,
    );
    expect((await readFile(here.site)).equals(bundle)).toBe(true);
  });

  test("is not taken of a directory that is not there, as of a disk that is not mounted", async () => {
    await using here = await siteWithModels();
    const { env } = here.options;
    const store = join(here.path, "not mounted");
    for (const place of [
      { modelsIn: "native", store } as const,
      { modelsIn: `dir:${store}` } as const,
    ])
      await expect(inventorySite({ ...place, env, platform: "linux/amd64" })).rejects.toThrow(
        `Cannot take the inventory of "${store}": there is no such directory`,
      );
  });

  test.each([
    ["cut", (bytes: Buffer) => bytes.subarray(1)],
    ["changed in one bit", flipped],
  ])(
    "leaves out a model of which a blob is %s, and says which; the next bundle carries it",
    async (_, damaged) => {
      await using here = await siteWithModels();
      const { site } = await here.takeInventory();
      const weights = site.blobs.reduce((a, b) => (a.size > b.size ? a : b)).sha256;
      const blob = join(here.store, `blobs/sha256-${weights}`);
      await writeFile(blob, damaged(await readFile(blob)));
      const again = await here.takeInventory();
      expect(again.site.blobs.map(({ sha256 }) => sha256)).not.toContain(weights);
      expect(again.site.models).toHaveLength(1);
      expect(again.warnings).toEqual([
        expect.stringMatching(
          new RegExp(`:latest" is left out: its blob sha256:${weights} is missing or damaged$`),
        ),
      ]);
      const { bundle } = await here.create("second", { site: here.site });
      expect(bundle?.manifest.files.map(({ sha256 }) => sha256)).toContain(weights);
    },
  );

  test("leaves alone what is no model: .DS_Store, ._latest, a manifest that is none", async () => {
    await using here = await siteWithModels();
    const library = join(here.store, "manifests/registry.ollama.ai/library");
    for (const name of ["a/.DS_Store", "a/._latest", ".DS_Store"])
      await writeFile(join(library, name), "x");
    await writeFile(join(library, "a/broken"), "{");
    const { site, warnings } = await here.takeInventory();
    expect(site.models).toHaveLength(2);
    expect(warnings).toEqual([
      '"registry.ollama.ai/library/a:broken" is left out: its manifest is not readable',
    ]);
  });
});

describe("a site file that does not tell the truth", () => {
  test("a digest that the site does not have: the bundle is refused there by that name, nothing is changed", async () => {
    await using here = await siteWithModels();
    const { site } = await here.takeInventory();
    const { bundle } = await here.create("whole");
    const held = new Set(site.blobs.map(({ sha256 }) => sha256));
    const lacking = bundle?.manifest.files.find(
      ({ path, sha256 }) => path.startsWith("models/blobs/") && !held.has(sha256),
    );
    const { sha256 = "", size = 0 } = lacking ?? {};
    await edit(here.site, (of) => ({ ...of, blobs: [...of.blobs, { sha256, size }] }));

    const before = await treeOf(here.store);
    const delta = await here.create("delta", { site: here.site });
    await expect(
      installBundle({ bundle: delta.bundle?.path ?? "", ...here.options }),
    ).rejects.toThrow(new RegExp(`blob sha256:${sha256} of .* is not there`));
    expect(await treeOf(here.store)).toEqual(before);
  });

  test("a digest that nothing has saves nothing and does no harm", async () => {
    await using here = await siteWithModels();
    await here.takeInventory();
    await edit(here.site, (of) => ({
      ...of,
      blobs: of.blobs.map((blob) => ({ ...blob, sha256: "a".repeat(64) })),
    }));
    const { bundle } = await here.create("whole", { site: here.site });
    expect(bundle?.manifest.delta).toBeUndefined();
  });

  test("models in an image: it is said why nothing is left out, and everything is carried", async () => {
    await using here = await siteWithModels();
    await here.takeInventory();
    await edit(here.site, (of) => ({ ...of, modelsIn: "image" }));
    const { bundle, warnings } = await here.create("whole", { site: here.site });
    expect(bundle?.manifest.delta).toBeUndefined();
    expect(warnings).toContainEqual(
      expect.stringMatching(/^Nothing is left out: the site has its models in an image/),
    );
  });

  test("everything that would make the installation fail there is a warning", async () => {
    await using here = await siteWithModels();
    await here.takeInventory();
    await edit(here.site, (of) => ({
      ...of,
      tool: { ...of.tool, version: "0.0.1" },
      modelsIn: "volume",
      free: { models: 10 },
      host: { ...of.host, memory: 1000, takenPorts: [11_434] },
    }));
    const { warnings } = await here.create("warned", { site: here.site });
    for (const text of [
      /^The site has too little space for the models: [\d,]+ bytes are needed, 10 were free$/,
      /^The largest model takes about [\d,]+ bytes of memory, and the site has 1,000/,
      /^Port 11434 is taken at the site/,
      /^The site has ollama-bundle 0\.0\.1, and this is /,
    ])
      expect(warnings).toContainEqual(expect.stringMatching(text));
  });
});

async function edit(path: string, change: (of: SiteFile) => object): Promise<void> {
  const site = JSON.parse(await readFile(path, "utf8")) as SiteFile;
  await rm(path);
  await writeFile(path, JSON.stringify(change(site)));
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(100) ^ 1, 100);
  return copy;
}
