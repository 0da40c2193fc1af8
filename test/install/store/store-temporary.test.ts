import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { installBundle } from "../../../src/install-bundle.ts";
import { newInstallationId } from "../../../src/install/installation-id.ts";
import { temporaryDirectoryOf } from "../../../src/install/store/store-temporary.ts";
import { storeHost } from "../store-host.ts";
import { writeTinyBundle } from "../tiny-bundle.ts";

const LEFT = temporaryDirectoryOf(newInstallationId(new Date("2026-01-02T03:04:05Z")));

test("what a killed installation left in a store is removed by the next, which says so", async () => {
  await using here = await storeHost();
  const bundle = await writeTinyBundle(here.path);
  await mkdir(join(here.store, LEFT));
  await writeFile(join(here.store, LEFT, "sha256-of-half-a-blob"), Buffer.alloc(1000));
  const { warnings } = await installBundle({ bundle: bundle.path, ...here.options });
  const now = await readdir(here.store);
  expect(now.toSorted()).toEqual(["blobs", "manifests"]);
  expect(warnings).toContainEqual(expect.stringContaining(`"${join(here.store, LEFT)}"`));
});

test("what only looks like it stays", async () => {
  await using here = await storeHost();
  const bundle = await writeTinyBundle(here.path);
  await mkdir(join(here.path, "elsewhere"));
  await mkdir(join(here.store, "ollama-bundle-backup"));
  await symlink(join(here.path, "elsewhere"), join(here.store, LEFT));
  await installBundle({ bundle: bundle.path, ...here.options });
  const now = await readdir(here.store);
  expect(now.toSorted()).toEqual(["blobs", "manifests", LEFT, "ollama-bundle-backup"]);
});

test("a dry run removes nothing", async () => {
  await using here = await storeHost();
  const bundle = await writeTinyBundle(here.path);
  await mkdir(join(here.store, LEFT));
  await installBundle({ bundle: bundle.path, ...here.options, dryRun: true });
  expect(await readdir(here.store)).toContain(LEFT);
});
