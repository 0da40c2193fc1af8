import { copyFile, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBundle } from "../../src/bundle/find-bundle.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

describe("the bundle that is meant by several directories", () => {
  let made: Awaited<ReturnType<typeof temporaryDirectory>>;
  let bundle: string;
  beforeAll(async () => {
    made = await temporaryDirectory();
    await using pool = new ChunkPool();
    ({ path: bundle } = await writeSmallBundle(made.path, pool));
  });
  afterAll(() => made[Symbol.asyncDispose]());

  test("is the one that is in any of them", async () => {
    await using place = await places();
    await copyFile(bundle, join(place.second, "b.tar.gz"));
    expect(await findBundle([place.first, place.second])).toEqual({
      kind: "file",
      path: join(place.second, "b.tar.gz"),
    });
  });

  test("is known by its end where its name was changed on the way", async () => {
    await using place = await places();
    await copyFile(bundle, join(place.second, "BUNDLE~1.GZ"));
    const path = join(place.second, "BUNDLE~1.GZ");
    expect(await findBundle([place.first, place.second])).toEqual({ kind: "file", path });
  });

  test("is not told where each has one, also of one name: both are named, and every directory once", async () => {
    await using place = await places();
    await copyFile(bundle, join(place.first, "b.tar.gz"));
    await copyFile(bundle, join(place.second, "b.tar.gz"));
    await expect(findBundle([place.first, place.second, place.first])).rejects.toThrow(
      `Cannot tell which bundle in "${place.first}", "${place.second}" is meant: there are 2: ` +
        `${place.first}/b.tar.gz, ${place.second}/b.tar.gz`,
    );
  });

  test("is not looked for where one of them is not there: it is named as it was typed", async () => {
    await using place = await places();
    await copyFile(bundle, join(place.first, "b.tar.gz"));
    await rename(place.second, `${place.second} away`);
    await expect(findBundle([place.first, place.second])).rejects.toThrow(
      `Cannot open the bundle "${place.second}": there is no such file`,
    );
  });
});

async function places() {
  const directory = await temporaryDirectory();
  const [first, second] = [join(directory.path, "first"), join(directory.path, "second")];
  for (const each of [first, second]) await mkdir(each);
  return Object.assign(directory, { first, second });
}
