import { existsSync, readdirSync, statSync, watch } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canMount, smallFileSystem } from "../staging/small-file-system.ts";
import { seededRandom } from "../support/model-registry/seeded-random.ts";
import { bundleSucceeds, runBundle, startBundle } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";

const MIB = 1024 ** 2;
const BIG = 64 * MIB;

const random = seededRandom(6);
/** A share of the bundle that is written, or the number of final names that have appeared. */
const moments = [
  ...Array.from(
    { length: 6 },
    () => ({ kind: "written", at: Number(random().toFixed(3)) }) as const,
  ),
  ...[1, 4, 7, 10].map((at) => ({ kind: "named", at }) as const),
];

describe("a create in parts", () => {
  let side: ConnectedSide;
  let whole: Buffer;
  beforeAll(async () => {
    side = await connectedSide([{ name: "big", size: BIG }]);
    await bundleSucceeds([...create, ...fromStore(), "-o", "whole.tar.gz"], { home: side.path });
    whole = await readFile(join(side.path, "whole.tar.gz"));
  });
  afterAll(() => side[Symbol.asyncDispose]());

  const create = ["create", "--models", "tiny,big", "--image", "none", "--name", "parts"];
  const fromStore = (): string[] => ["--from-store", side.store];

  test.each(moments)(
    "that is killed when $at of it are $kind leaves no set that says complete and does not verify",
    async (moment) => {
      const home = await side.directory(`killed ${moment.kind} ${moment.at}`);
      const output = join(home, "b.tar.gz");
      const args = [...create, ...fromStore(), "--split", "8MiB", "-o", output];
      const running = startBundle(args, { home });
      await Promise.race([reached(home, moment), running.ended]);
      running.kill("SIGKILL");
      await running.ended;
      const isComplete = existsSync(`${output}.parts.json`);
      const { exitCode } = await runBundle(["verify", home], { home });
      expect(isComplete && exitCode !== 0).toBe(false);

      await bundleSucceeds([...args, "--force"], { home });
      await bundleSucceeds(["verify", home], { home });
      const names = (await readdir(home)).filter((name) => /^b\.tar\.gz\.\d{3}$/.test(name));
      const parts = names.toSorted().map((name) => readFile(join(home, name)));
      expect(Buffer.concat(await Promise.all(parts)).equals(whole)).toBe(true);
      expect((await readdir(home)).filter((name) => name.endsWith(".partial"))).toEqual([]);
      await rm(home, { recursive: true });
    },
  );

  test.skipIf(!canMount)("takes no more disk than the bundle and 64 MiB", async () => {
    await using disk = await smallFileSystem(whole.length + 64 * MIB);
    const args = [...create, ...fromStore(), "--split", "8MiB", "-o", join(disk.path, "b.tar.gz")];
    await bundleSucceeds(args, { home: side.path });
    expect(await runBundle(["verify", disk.path], { home: side.path })).toMatchObject({
      exitCode: 0,
    });
  });

  /** Looks at every change in the directory. */
  function reached(home: string, { kind, at }: (typeof moments)[number]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const watcher = watch(home, () => {
      const names = readdirSync(home).filter((name) => name.startsWith("b.tar.gz"));
      const sizes = names.map(
        (name) => statSync(join(home, name), { throwIfNoEntry: false })?.size,
      );
      const written = sizes.reduce((sum: number, size) => sum + (size ?? 0), 0);
      const named = names.filter((name) => !/\.(partial|lock)$/.test(name)).length;
      if (kind === "named" ? named < at : written < at * whole.length) return;
      watcher.close();
      resolve();
    });
    return promise;
  }
});
