import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type CommandResult, bundleSucceeds, runBundle } from "./support/bundle-command.ts";
import { type ConnectedSide, TINY_MODELS, connectedSide } from "./support/connected-side.ts";
import { readInspection } from "./support/served-models.ts";

describe("bundle verify", () => {
  let side: ConnectedSide;
  let good: Buffer;
  let id: string;
  beforeAll(async () => {
    side = await connectedSide();
    const create = ["create", "--models", TINY_MODELS, "--image", "none", "-o", "site-a.tar.gz"];
    await bundleSucceeds([...create, "--from-store", side.store], { home: side.path });
    good = await readFile(join(side.path, "site-a.tar.gz"));
    const inspect = ["inspect", "--json", "site-a.tar.gz"];
    id = readInspection((await bundleSucceeds(inspect, { home: side.path })).stdout).id;
  });
  afterAll(() => side[Symbol.asyncDispose]());

  test("says that a good bundle is whole, with the 12 digits to read out", async () => {
    const { exitCode, stdout } = await runBundle(["verify", "site-a.tar.gz"], { home: side.path });
    expect(exitCode).toBe(0);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(stdout).toContain(id.slice(0, 12));
  });

  test("takes the only bundle of the directory", async () => {
    const { exitCode, stdout } = await runBundle(["verify"], { home: side.path });
    expect(exitCode).toBe(0);
    expect(stdout).toContain(id.slice(0, 12));
  });

  test("asks which one where there are two", async () => {
    await using directory = await temporaryDirectory();
    for (const name of ["a.tar.gz", "b.tar.gz"]) await writeFile(join(directory.path, name), good);
    const { exitCode, stderr } = await runBundle(["verify"], { home: directory.path });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/a\.tar\.gz, b\.tar\.gz/);
  });

  test("names the file and the byte range of one flipped bit in a model", async () => {
    const at = good.indexOf("GGUF") + 70_000;
    const { exitCode, stderr, stdout } = await verifyFlipped(at);
    expect(exitCode).toBe(4);
    expect(`${stdout}${stderr}`).toMatch(/models\/blobs\/sha256-[0-9a-f]{64}/);
    expectRangeAround(at, `${stdout}${stderr}`);
  });

  test("names the structure and the byte range of one flipped bit between files", async () => {
    const at = good.length - 40;
    const { exitCode, stderr, stdout } = await verifyFlipped(at);
    expect(exitCode).toBe(4);
    expectRangeAround(at, `${stdout}${stderr}`);
  });

  test("is taken as whole again under another name", async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, "a.tar.gz"), good);
    await rename(join(directory.path, "a.tar.gz"), join(directory.path, "renamed.tgz"));
    const verify = ["verify", "renamed.tgz"];
    expect((await bundleSucceeds(verify, { home: directory.path })).stdout).toContain(
      id.slice(0, 12),
    );
  });

  async function verifyFlipped(at: number): Promise<CommandResult> {
    await using directory = await temporaryDirectory();
    const damaged = Buffer.from(good);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    await writeFile(join(directory.path, "damaged.tar.gz"), damaged);
    return await runBundle(["verify", "damaged.tar.gz"], { home: directory.path });
  }
});

/** One of the ranges that the text names has the byte in it. */
function expectRangeAround(at: number, text: string): void {
  const ranges = [...text.matchAll(/bytes? ([\d,]+)(?: to ([\d,]+))?/g)].map(
    ([, first = "", last = first]) => [number(first), number(last)] as const,
  );
  expect(
    ranges.some(([first, last]) => first <= at && at <= last),
    `byte ${at} in ${text}`,
  ).toBe(true);
}

function number(text: string): number {
  return Number(text.replaceAll(",", ""));
}
