import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeBundleOfZeros } from "../support/bundle-of-zeros.ts";
import { bundleSucceeds } from "./support/bundle-command.ts";
import { MEMORY_LIMIT } from "./support/memory.ts";

const PATIENCE = 300_000;
const MIB = 1024 ** 2;
const SIZE = 64 * 1024 * MIB;

describe("with a model of 64 GiB of zeros", { timeout: PATIENCE }, () => {
  const cleanup = new AsyncDisposableStack();
  let home: string;
  let path: string;
  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory()).path;
    path = await writeBundleOfZeros(home, SIZE);
  }, PATIENCE);
  afterAll(() => cleanup.disposeAsync());

  test("inspect states its size", async () => {
    const { stdout, peakMemory } = await bundleSucceeds(["inspect", "--json", path], { home });
    expect(JSON.parse(stdout)).toMatchObject({ files: [{ size: SIZE }] });
    expect(peakMemory).toBeLessThanOrEqual(MEMORY_LIMIT);
  });

  test("verify inflates and hashes it all within 256 MiB of memory", async () => {
    const { peakMemory = Infinity } = await bundleSucceeds(["verify", path], { home });
    console.log(`peak memory of verify with 64 GiB: ${(peakMemory / MIB).toFixed(0)} MiB`);
    expect(peakMemory).toBeLessThanOrEqual(MEMORY_LIMIT);
  });
});
