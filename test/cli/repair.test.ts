import { copyFile, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { writeSmallBundle } from "../support/small-bundle.ts";
import { writeSmallParts } from "../support/small-parts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { runBundle } from "./run-bundle.ts";

test("a damaged bundle is mended from a copy, with what was damaged, and then it verifies", async () => {
  await using place = await damagedBundle();
  const { path, here, there, id } = place;
  expect(await runBundle(["verify", here])).toMatchObject({ exitCode: 4 });
  const { exitCode, stdout } = await runBundle(["repair", here, "--from", there]);
  expect(exitCode).toBe(0);
  const [first, second] = stdout.split("\n");
  expect(first).toMatch(
    new RegExp(
      `^${here} is mended, bundle small ${id.slice(0, 12)}: [\\d,]+ bytes written, [\\d,]+ bytes read from other copies$`,
    ),
  );
  expect(second).toMatch(
    /^ {2}"models\/blobs\/.*" of registry.*tiny:latest \(bytes [\d,]+ to [\d,]+\)$/,
  );
  expect((await readFile(here)).equals(await readFile(there))).toBe(true);
  expect(await runBundle(["verify", here], { cwd: path })).toMatchObject({ exitCode: 0 });
  const again = await runBundle(["repair", here]);
  expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("nothing to mend") });
});

test("what no copy has is named, exit code 4, also as JSON", async () => {
  await using place = await damagedBundle();
  const { here, path } = place;
  const also = join(path, "also.tar.gz");
  await copyFile(here, also);
  const args = ["repair", here, "--from", also];
  const { exitCode, stdout, stderr } = await runBundle(args);
  expect(exitCode).toBe(4);
  expect(stdout).toMatch(/^ {2}"models\/blobs\//);
  expect(stderr).toMatch(
    /error: Cannot repair ".*", bundle small \(.*\): no copy has "models\/blobs\/.* as it must be; nothing was written\n/,
  );
  expect(stderr).toContain("hint: Name another copy of the bundle with --from.");
  expect(JSON.parse((await runBundle([...args, "--json"])).stdout)).toMatchObject({
    unmended: [{ what: expect.stringContaining("models/blobs/") }],
    error: { code: "DAMAGED" },
  });
});

test("it is written anew with --output, from several copies, and parts that have to come again are named", async () => {
  await using directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  const { files } = await writeSmallParts(directory.path, pool, { count: 4 });
  const whole = join(directory.path, "whole.tmp");
  await rm(files[1] ?? "");
  const missing = await runBundle([
    "repair",
    files[0] ?? "",
    "-o",
    join(directory.path, "o.tar.gz"),
  ]);
  expect(missing).toMatchObject({ exitCode: 4 });
  expect(missing.stderr).toContain(
    "hint: Bring these again, or name another copy with --from: small.tar.gz.002\n",
  );

  const output = join(directory.path, "anew.tar.gz");
  const copies = ["--from", files[3] ?? "", "--from", whole];
  const written = await runBundle(["repair", files[0] ?? "", ...copies, "-o", output]);
  expect(written).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`  ${output}.sha256\n`),
  });
  expect((await readFile(output)).equals(await readFile(whole))).toBe(true);
});

async function damagedBundle() {
  const directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  const { path: there, id, size } = await writeSmallBundle(directory.path, pool);
  const here = join(directory.path, "here.tar.gz");
  await copyFile(there, here);
  await using file = await open(here, "r+");
  await file.write("damage", size >> 1);
  return { ...directory, here, there, id };
}
