import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { canMount, smallFileSystem } from "../staging/small-file-system.ts";
import { writeSmallParts } from "../support/small-parts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { runBundle } from "./run-bundle.ts";

test.runIf(canMount)(
  "copy fills one stick after the other, says what is left, and what to type at last",
  async () => {
    await using directory = await temporaryDirectory();
    const parts = join(directory.path, "parts");
    await mkdir(parts);
    await using pool = new ChunkPool();
    const { files } = await writeSmallParts(parts, pool, { size: 9_000_000 });
    const env = { XDG_STATE_HOME: directory.path };
    await using first = await smallFileSystem(6 * 1024 ** 2);
    const one = await runBundle(["copy", files[0] ?? "", first.path], { env });
    expect(one).toMatchObject({ exitCode: 0 });
    expect(one.stdout.split("\n")).toEqual([
      expect.stringMatching(
        /^Copied to .*: parts 1 to 4 of small\.tar\.gz, small\.tar\.gz\.sha256, small\.tar\.gz\.parts\.json \([\d,]+ bytes written, and read back from the medium\)$/,
      ),
      "Still to be copied: parts 5 to 7 of small.tar.gz. Put in the next medium, mount it, and type the same again.",
      "",
    ]);
    await using second = await smallFileSystem(6 * 1024 ** 2);
    const two = await runBundle(["copy", files[0] ?? "", second.path], { env });
    expect(two.stdout.split("\n")).toEqual([
      expect.stringMatching(/^Copied to .*: parts 5 to 7 of small\.tar\.gz, /),
      expect.stringMatching(/^Copied earlier, to .* UTC: parts 1 to 4 of small\.tar\.gz$/),
      "All of it is copied. On the other side, type: bundle verify DIRECTORY…",
      "",
    ]);
    expect(await readdir(second.path)).toHaveLength(5);
  },
);

test("copy without a directory, or of a file that is not there, is a mistake in what was typed", async () => {
  await using directory = await temporaryDirectory();
  expect(await runBundle(["copy", "bundle.tar.gz"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("missing required argument 'directory'"),
  });
  const path = join(directory.path, "no.tar.gz");
  expect(await runBundle(["copy", path, directory.path])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`Cannot open the bundle "${path}": there is no such file`),
  });
});
