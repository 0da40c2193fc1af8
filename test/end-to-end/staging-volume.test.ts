import { execFile } from "node:child_process";
import { mkdir, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { thisProcess } from "../../src/core/process-owner.ts";
import { useVolume } from "../../src/staging/volume-use.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeModel } from "../support/tiny-models.ts";
import { bundleSucceeds, runBundle } from "./support/bundle-command.ts";
import { connectedSide } from "./support/connected-side.ts";

test("staging list names what create keeps, and what it takes", async () => {
  await using place = await stagedTwice();
  const { stdout } = await place.succeeds("list");
  expect(stdout).toMatch(
    /^model +registry\.ollama\.ai\/library\/tiny-embed:latest +[0-9a-f]{12} /m,
  );
  expect(stdout).toMatch(/^model +registry\.ollama\.ai\/library\/tiny:latest +[0-9a-f]{12} /m);
  expect(stdout).toMatch(/^\d files of older versions: /m);
  const { items, superseded, size } = await place.json("list");
  expect(items).toHaveLength(2);
  expect(superseded.files).toBeGreaterThan(0);
  expect(size).toBe(await place.bytes());
});

test("staging prune removes older versions and what came in part, and nothing that the next create needs", async () => {
  await using place = await stagedTwice();
  await writeFile(join(place.staging, `partial/${"a".repeat(64)}.data`), Buffer.alloc(5000, 1));
  const before = await place.bytes();
  const { superseded } = await place.json("list");
  const { files, size } = await place.json("prune");
  expect(files).toBe(superseded.files + 1);
  expect(size).toBeGreaterThan(superseded.size);
  expect(await place.bytes()).toBe(before - superseded.size);
  expect(await readdir(join(place.staging, "partial"))).toEqual([]);
  expect(await place.json("prune")).toMatchObject({ files: 0, size: 0 });
  place.side.registry.forgetRequests();
  await place.create();
  expect(place.blobRequests()).toEqual([]);
});

test("staging prune --all removes everything, and the next create fetches it again", async () => {
  await using place = await stagedTwice();
  await place.succeeds("prune", "--all");
  expect(await place.json("list")).toMatchObject({ items: [], size: 0 });
  await place.create();
  expect(place.blobRequests()).not.toEqual([]);
});

test("staging prune leaves the volume alone while a create uses it, and not what a dead one left", async () => {
  await using place = await stagedTwice();
  const before = await place.bytes();
  {
    await using _use = await useVolume(place.staging, {});
    expect(await place.run("prune", "--all")).toMatchObject({
      exitCode: 7,
      stderr: expect.stringContaining("another process is using it"),
    });
    expect(await place.bytes()).toBe(before);
  }
  // The same process number, of a process that started at another time.
  const dead = thisProcess().replace(/\d+$/, "1");
  await writeFile(join(place.staging, "locks/use-dead.lock"), `${dead} 1`);
  await place.succeeds("prune", "--all");
  expect(await readdir(join(place.staging, "locks"))).toEqual([]);
});

test("staging verify names damage and whose it is, and the next create fetches that again", async () => {
  await using place = await stagedTwice();
  expect(await place.run("verify")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/is whole: \d+ files/),
  });
  await place.json("prune");
  const [largest] = await place.blobs();
  await damageUnseen(largest?.path ?? "");
  const { exitCode, stdout, stderr } = await place.run("verify");
  expect(exitCode).toBe(3);
  expect(stdout).toMatch(
    /^".*blobs\/sha256\/[0-9a-f]{64}", of registry\.ollama\.ai\/library\/tiny/,
  );
  expect(stderr).toContain("1 file is damaged");
  place.side.registry.forgetRequests();
  await place.create();
  expect(place.blobRequests()).toHaveLength(1);
  expect((await place.run("verify")).exitCode).toBe(0);
});

test.each(["list", "prune", "verify"])(
  "staging %s refuses a directory of something else, such as an OCI layout",
  async (command) => {
    await using home = await temporaryDirectory();
    const layout = join(home.path, "layout/blobs/sha256");
    await mkdir(layout, { recursive: true });
    await writeFile(join(layout, "a".repeat(64)), "somebody's");
    const args = ["staging", command, "--staging", "layout"];
    expect(await runBundle(args, { home: home.path })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("something else"),
    });
    expect(await readdir(layout)).toEqual(["a".repeat(64)]);
  },
);

test.each(["list", "prune", "verify"])(
  "staging %s refuses a directory that is not there; the default volume is empty before the first create",
  async (command) => {
    await using home = await temporaryDirectory();
    const at = { home: home.path };
    const staging = join(home.path, "no-such");
    expect(await runBundle(["staging", command, "--staging", staging], at)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(
        `"${staging}" as a staging volume: there is no such directory`,
      ),
    });
    const { stdout } = await bundleSucceeds(["staging", command, "--json"], at);
    expect(JSON.parse(stdout)).toMatchObject({ size: 0 });
    expect(await readdir(home.path)).toEqual([]);
  },
);

/** Changes a byte, as a disk does: the file's time stays as it was, to the nanosecond. */
async function damageUnseen(path: string): Promise<void> {
  const sameTime = (from: string, to: string): Promise<unknown> =>
    promisify(execFile)("touch", ["-r", from, to]);
  await sameTime(path, `${path}.time`);
  await using file = await open(path, "r+");
  await file.write(Buffer.from("?"), 0, 1, 1000);
  await sameTime(`${path}.time`, path);
  await rm(`${path}.time`);
}

/** A staging volume with two models, one of which was staged in an older version too. */
async function stagedTwice() {
  const side = await connectedSide();
  const staging = join(side.path, "staging");
  const at = { home: side.path };
  const create = async (): Promise<void> => {
    const from = ["--model-registry", side.registry.url, "--staging", staging];
    const what = ["--models", "tiny,tiny-embed", "--image", "none", "-o", "x.tar.gz", "--force"];
    await bundleSucceeds(["create", ...what, ...from], at);
  };
  await create();
  await writeModel(side.store, {
    name: "tiny",
    system: "You are another test.",
    params: { seed: 3 },
  });
  await create();
  side.registry.forgetRequests();
  const argv = (command: string, more: readonly string[]): string[] =>
    more.includes("--staging")
      ? ["staging", command, ...more]
      : ["staging", command, "--staging", staging, ...more];
  const blobs = async () => {
    const directory = join(staging, "blobs/sha256");
    const paths = (await readdir(directory)).map((name) => join(directory, name));
    const files = await Promise.all(
      paths.map(async (path) => ({ path, size: (await stat(path)).size })),
    );
    return files.toSorted((a, b) => b.size - a.size);
  };
  return {
    side,
    staging,
    create,
    blobs,
    bytes: async () => (await blobs()).reduce((sum, { size }) => sum + size, 0),
    blobRequests: () =>
      side.registry.requests.filter(({ kind, method }) => kind === "blob" && method === "GET"),
    run: (command: string, ...more: readonly string[]) => runBundle(argv(command, more), at),
    succeeds: (command: string, ...more: readonly string[]) =>
      bundleSucceeds(argv(command, more), at),
    json: async (command: string, ...more: readonly string[]) =>
      JSON.parse((await bundleSucceeds([...argv(command, more), "--json"], at)).stdout),
    [Symbol.asyncDispose]: () => side[Symbol.asyncDispose](),
  };
}
