import { mkdir, rename, truncate } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { installBundle } from "../../src/install-bundle.ts";
import { rewriteBundle } from "../../src/rewrite-bundle.ts";
import { storeHost } from "./store-host.ts";
import { treeOf } from "./store-tree.ts";
import { promised, writeTinyBundle } from "./tiny-bundle.ts";

test("a bundle is installed from parts on two sticks, and serves what it promises", async () => {
  await using here = await storeHost();
  const { bundle, sticks } = await onTwoSticks(here.path);
  await installBundle({ bundle: sticks, ...here.options });
  expect(await here.tags()).toEqual(promised(bundle));
});

test("a set with a part that is too short or elsewhere is refused before anything is changed", async () => {
  await using here = await storeHost();
  const { sticks, part } = await onTwoSticks(here.path);
  const before = await treeOf(here.store);
  await truncate(part, 10);
  await expect(installBundle({ bundle: sticks, ...here.options })).rejects.toMatchObject({
    code: "INCOMPLETE",
    exitCode: 4,
    message: expect.stringMatching(/of \d+ parts part 2 is too short$/),
  });
  await expect(installBundle({ bundle: sticks[0] ?? "", ...here.options })).rejects.toMatchObject({
    message: expect.stringMatching(/of \d+ parts part 2 is missing$/),
  });
  expect(await treeOf(here.store)).toEqual(before);
});

/** The tiny bundle in parts, of which the second is on a stick of its own. */
async function onTwoSticks(directory: string): Promise<{
  readonly bundle: WrittenBundle;
  readonly sticks: readonly string[];
  readonly part: string;
}> {
  const bundle = await writeTinyBundle(directory);
  const [first, second] = [join(directory, "stick 1"), join(directory, "stick 2")];
  await mkdir(first);
  await mkdir(second);
  const output = join(first, "tiny.tar.gz");
  await rewriteBundle({ bundle: bundle.path, output, partSize: Math.ceil(bundle.size / 4) });
  const part = join(second, basename(`${output}.002`));
  await rename(`${output}.002`, part);
  return { bundle, sticks: [first, second], part };
}
