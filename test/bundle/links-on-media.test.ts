import { copyFile, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBundle } from "../../src/bundle/find-bundle.ts";
import { repair } from "../../src/bundle/repair/repair.ts";
import { copyBundle } from "../../src/copy-bundle.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { writeFileWhole } from "../../src/core/files.ts";
import { verifyBundle } from "../../src/verify-bundle.ts";
import { type SmallParts, writeSmallParts } from "../support/small-parts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PRECIOUS = "a file of this host that the medium has nothing to do with";

describe("a link that was laid on a medium does not lead our writing to a file of this host", () => {
  let made: Awaited<ReturnType<typeof temporaryDirectory>>;
  let pool: ChunkPool;
  let parts: SmallParts;
  beforeAll(async () => {
    made = await temporaryDirectory();
    pool = new ChunkPool();
    parts = await writeSmallParts(made.path, pool, { count: 3 });
  });
  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
  });

  test.each([1, 3])("in place of what an interrupted copy left of part %i", async (number) => {
    await using stick = await stickWith([]);
    await symlink(stick.precious, `${stick.part(number)}.partial`);
    await copyBundle({ bundle: made.path, to: [stick.path], env: { HOME: stick.home } });
    expect(await readFile(stick.precious, "utf8")).toBe(PRECIOUS);
    expect(await verifyBundle({ bundle: stick.path })).toMatchObject({ isAcceptable: true });
  });

  test.each(["small.tar.gz.002.partial", "small.tar.gz.repair"])(
    "in place of what an interrupted repair left: %s",
    async (name) => {
      await using stick = await stickWith([1, 2, 3]);
      await rm(stick.part(2));
      const first = await readFile(stick.part(1));
      await writeFile(stick.part(1), first.fill(0, 5, 6));
      await symlink(stick.precious, join(stick.path, name));
      const { unmended } = await repaired(stick.path);
      expect(unmended).toEqual([]);
      expect(await readFile(stick.precious, "utf8")).toBe(PRECIOUS);
      expect(await verifyBundle({ bundle: stick.path })).toMatchObject({ isAcceptable: true });
    },
  );

  test("in place of a part that seems to be cut: it is refused by its name", async () => {
    await using stick = await stickWith([1, 3]);
    await symlink(stick.precious, stick.part(2));
    await expect(repaired(stick.path)).rejects.toMatchObject({
      code: "NOT_A_FILE",
      message: `Cannot mend "${stick.part(2)}" in its place: it is a link`,
    });
    expect(await readFile(stick.precious, "utf8")).toBe(PRECIOUS);
  });

  test("in place of what an interrupted writing of a small file left", async () => {
    await using stick = await stickWith([]);
    const path = join(stick.path, "site.json");
    await symlink(stick.precious, `${path}.tmp`);
    await writeFileWhole(path, "{}");
    expect(await readFile(stick.precious, "utf8")).toBe(PRECIOUS);
    expect(await readFile(path, "utf8")).toBe("{}");
  });

  async function repaired(bundle: string) {
    const damaged = await findBundle(bundle);
    const others = [await findBundle(join(made.path, "small.tar.gz"))];
    return await repair({ damaged, others }, { pool });
  }

  async function stickWith(numbers: readonly number[]) {
    const home = await temporaryDirectory();
    const stick = await temporaryDirectory();
    const precious = join(home.path, "precious");
    await writeFile(precious, PRECIOUS);
    const part = (number: number): string =>
      join(stick.path, basename(parts.files[number - 1] ?? ""));
    for (const number of numbers) await copyFile(parts.files[number - 1] ?? "", part(number));
    const dispose = async (): Promise<void> => {
      await stick[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    };
    return { path: stick.path, home: home.path, precious, part, [Symbol.asyncDispose]: dispose };
  }
});
