import { type BigIntStats, readdirSync, statSync, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { canMount } from "../staging/small-file-system.ts";
import { loopStick } from "../support/loop-stick.ts";
import { seededRandom } from "../support/model-registry/seeded-random.ts";
import { writeSmallParts } from "../support/small-parts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { bundleSucceeds, startBundle } from "./support/bundle-command.ts";

const MIB = 1024 ** 2;
const COUNT = 12;

const random = seededRandom(4);
/** Shares of the bundle that are on the stick; and some where a part just took its name. */
const moments = [
  ...Array.from({ length: 7 }, () => random()),
  ...[2, 5, 9].map((named) => named / COUNT),
].toSorted((a, b) => a - b);

test.skipIf(!canMount)(
  "a copy that is killed at 10 moments and typed again ends whole, and writes no part twice that was verified",
  async () => {
    await using directory = await temporaryDirectory();
    await using stick = await loopStick(160 * MIB);
    const { size, files } = await smallParts(directory.path);
    const args = ["copy", files[0] ?? "", stick.path];
    const verified = new Map<string, BigIntStats>();
    for (const share of moments) {
      const running = startBundle(args, { home: directory.path });
      await Promise.race([reached(stick.path, share * size), running.ended]);
      running.kill("SIGKILL");
      expect((await running.ended).exitCode).toBe(null);
      for (const name of partsIn(stick.path))
        verified.set(name, await stat(join(stick.path, name), { bigint: true }));
    }
    expect(verified.size).toBeGreaterThan(COUNT / 2);

    const { stdout } = await bundleSucceeds([...args, "--json"], { home: directory.path });
    const { media, left } = JSON.parse(stdout) as { media: { found: string[] }[]; left: string[] };
    expect(left).toEqual([]);
    expect(media[0]?.found).toEqual([...verified.keys()].toSorted());
    for (const [name, before] of verified) {
      const { ino, mtimeNs } = await stat(join(stick.path, name), { bigint: true });
      expect({ ino, mtimeNs }).toEqual({ ino: before.ino, mtimeNs: before.mtimeNs });
    }
    await bundleSucceeds(["verify", stick.path], { home: directory.path });
    // What a killed copy was just writing may be written once more: at most a chunk, or the part.
    const again = moments.length * (size / COUNT);
    expect(await stick.bytesWritten()).toBeGreaterThan(size);
    expect(await stick.bytesWritten()).toBeLessThan(size + again + 2 * MIB);
  },
);

async function smallParts(directory: string) {
  await using pool = new ChunkPool();
  return await writeSmallParts(directory, pool, { count: COUNT, size: 60 * MIB });
}

function partsIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => /\.\d{3}$/.test(name));
}

/** Looks at every change in the directory. */
function reached(directory: string, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(directory, () => {
    const sizes = readdirSync(directory).map(
      (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0,
    );
    if (sizes.reduce((sum, size) => sum + size, 0) < bytes) return;
    watcher.close();
    resolve();
  });
  return promise;
}
