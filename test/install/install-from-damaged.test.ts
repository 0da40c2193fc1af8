import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import type { Segment } from "../../src/bundle/layout.ts";
import { installBundle } from "../../src/install-bundle.ts";
import { rewriteBundle } from "../../src/rewrite-bundle.ts";
import { storeHost } from "./store-host.ts";
import { treeOf } from "./store-tree.ts";
import { promised, writeTinyBundle } from "./tiny-bundle.ts";

const EMPTY = { blobs: "755 not a file", manifests: "755 not a file" };

test.each([["big's weights"], ["the header of big's manifest"], ["README.txt"]])(
  "--only takes a bundle that is damaged in %s, which it does not install, and the receipt says so",
  async (where) => {
    await using here = await storeHost();
    const { path, bundle } = await damagedBundle(here.path, segmentOf[where] ?? isFooter);
    const told = installBundle({ bundle: path, ...here.options });
    await expect(told).rejects.toMatchObject({ code: "DAMAGED" });
    expect(await treeOf(here.store)).toEqual(EMPTY);

    const { receipt = "" } = await installBundle({ bundle: path, ...here.options, only: ["tiny"] });
    const { "tiny:latest": digest } = promised(bundle);
    expect(await here.tags()).toEqual({ "tiny:latest": digest });
    expect(JSON.parse(await readFile(receipt, "utf8"))).toMatchObject({
      warnings: expect.arrayContaining([
        expect.stringMatching(
          /^The bundle is damaged where nothing was installed from: .* \(bytes /,
        ),
      ]),
    });
  },
);

test.each([
  ["tiny's weights"],
  ["the header of tiny's manifest"],
  ["SHA256SUMS"],
  ["the table of contents"],
])(
  "--only refuses a bundle that is damaged in %s, and leaves the store as it was",
  async (where) => {
    await using here = await storeHost();
    const { path } = await damagedBundle(here.path, segmentOf[where] ?? isFooter);
    const refused = installBundle({ bundle: path, ...here.options, only: ["tiny"] });
    await expect(refused).rejects.toMatchObject({ code: "DAMAGED", exitCode: 4 });
    expect(await treeOf(here.store)).toEqual(EMPTY);
  },
);

test("--only takes a bundle of which parts are missing that have nothing of it", async () => {
  await using here = await storeHost();
  const whole = await writeTinyBundle(here.path, { bigSize: 6_000_000 });
  const output = join(here.path, "cut.tar.gz");
  const { inParts } = await rewriteBundle({ bundle: whole.path, output, partSize: 1024 ** 2 });
  const [start, end] = await bigIn(whole.path);
  for (const [index, { name }] of (inParts?.parts ?? []).entries()) {
    const isOfBig = index * 1024 ** 2 > start && (index + 1) * 1024 ** 2 < end;
    if (isOfBig) await rm(join(here.path, name));
  }
  const place = `${output}.parts.json`;
  const refused = installBundle({ bundle: place, ...here.options });
  await expect(refused).rejects.toMatchObject({ code: "INCOMPLETE" });
  const report = await installBundle({ bundle: place, ...here.options, only: ["tiny"] });
  expect(report.warnings).toContainEqual(expect.stringContaining("cannot be read"));
  expect(Object.keys(await here.tags())).toEqual(["tiny:latest"]);
});

type Is = (segment: Segment) => boolean;

const isFooter: Is = (segment) => segment.kind === "literal" && segment.what === "footer";

const segmentOf: Readonly<Record<string, Is>> = {
  "big's weights": ({ kind, length }) => kind === "chunk" && length > 1_000_000,
  "tiny's weights": ({ kind, length }) => kind === "chunk" && length > 50_000 && length < 200_000,
  "the header of big's manifest": isHeaderOf("library/big/latest"),
  "the header of tiny's manifest": isHeaderOf("library/tiny/latest"),
  "README.txt": (segment) => segment.kind === "chunk" && segment.file.path === "README.txt",
  SHA256SUMS: (segment) => segment.kind === "chunk" && segment.file.path === "SHA256SUMS",
  "the table of contents": (segment) =>
    segment.kind === "literal" && segment.what === "table of contents",
};

function isHeaderOf(path: string): Is {
  return (segment) => segment.kind === "literal" && (segment.path?.endsWith(path) ?? false);
}

async function damagedBundle(directory: string, is: Is) {
  const bundle = await writeTinyBundle(directory, { bigSize: 2_000_000 });
  const { path } = bundle;
  await using reader = await BundleReader.open(path);
  const { offset, length } = reader.layout.segments.find(is) ?? { offset: 0, length: 0 };
  await using file = await open(path, "r+");
  await file.write("damage", offset + (length >> 1));
  return { path, bundle };
}

/** Where the largest file lies. */
async function bigIn(path: string): Promise<readonly [number, number]> {
  await using reader = await BundleReader.open(path);
  const { offset = 0, length = 0 } =
    reader.layout.segments.toSorted((a, b) => b.length - a.length)[0] ?? {};
  return [offset, offset + length];
}
