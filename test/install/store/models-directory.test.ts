import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { openModelsDirectory } from "../../../src/install/store/models-directory.ts";
import { readModelsPlace } from "../../../src/install/models-place.ts";
import { canMount, smallFileSystem } from "../../staging/small-file-system.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** A directory beside the data directory of an engine on this host. */
async function engineHost() {
  const directory = await temporaryDirectory();
  const dataRoot = join(directory.path, "docker");
  await mkdir(join(dataRoot, "volumes"), { recursive: true });
  const open = (path: string, isLocal = true) =>
    openModelsDirectory(path, { models: [], blobs: [], manifests: [], omitted: [] }, {
      address: "tcp://engine.example:2376",
      dataRoot,
      isLocal,
    } as never);
  return {
    path: directory.path,
    dataRoot,
    open,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

describe("a directory for models", () => {
  test("may be empty, a disk's root, a store, or not there yet; nothing is made of it", async () => {
    await using host = await engineHost();
    const at = (name: string) => join(host.path, name);
    await mkdir(at("disk/lost+found"), { recursive: true });
    await mkdir(at("store/blobs"), { recursive: true });
    await writeFile(at("store/notes.txt"), "");
    for (const name of ["disk", "store", "not there yet"])
      expect(await host.open(at(name))).toMatchObject({ root: at(name) });
    expect(await readdir(host.path)).not.toContain("not there yet");
  });

  test("with other files is refused, since engines relabel all of it, with what would do", async () => {
    await using host = await engineHost();
    await writeFile(join(host.path, "letter.odt"), "");
    await expect(host.open(host.path)).rejects.toMatchObject({
      code: "EXISTS",
      exitCode: 7,
      message: expect.stringMatching(/it has other files, "(?:docker|letter\.odt)" among them/),
      hint: expect.stringContaining(`dir:${host.path}/ollama-models`),
    });
  });

  test("inside the engine's data directory is refused, also by way of a link", async () => {
    await using host = await engineHost();
    const link = join(host.path, "link");
    await symlink(join(host.dataRoot, "volumes"), link);
    for (const path of [host.dataRoot, join(host.dataRoot, "volumes/models"), join(link, "x")])
      await expect(host.open(path)).rejects.toMatchObject({
        exitCode: 7,
        message: expect.stringContaining(
          `it is in the engine's own data directory "${host.dataRoot}"`,
        ),
        hint: expect.stringContaining("--models-in volume"),
      });
    await expect(host.open(`${host.dataRoot} beside`)).resolves.toBeDefined();
  });

  test.runIf(canMount)("on a read-only file system is refused", async () => {
    await using host = await engineHost();
    await using disk = await smallFileSystem(100_000);
    await mkdir(join(disk.path, "there"));
    await disk.makeReadOnly();
    for (const name of ["there", "new"])
      await expect(host.open(join(disk.path, name))).rejects.toMatchObject({
        code: "NO_RIGHTS",
        message: expect.stringContaining("its file system is read-only"),
        hint: expect.stringContaining("another file system"),
      });
  });

  test("is refused where the engine is on another host", async () => {
    await using host = await engineHost();
    await expect(host.open(host.path, false)).rejects.toMatchObject({
      message: expect.stringContaining(
        "the engine at tcp://engine.example:2376 runs on another host",
      ),
      hint: "Use --models-in volume.",
    });
  });
});

describe("--models-in", () => {
  test("takes a path with spaces and letters of any script, and makes it absolute", () => {
    expect(readModelsPlace("dir:Modèles für 模型")).toEqual({
      kind: "dir",
      path: resolve("Modèles für 模型"),
    });
  });

  test.each([
    ["dir:", "expected a path after dir:"],
    ["dir:~/models", 'the shell left "~" as it is'],
    ["dir:/srv/a:b", 'container engines take the ":"'],
    ["/srv/models", "expected image, volume, dir:PATH or native"],
  ])("refuses %s, with what to write", (text, says) => {
    expect(() => readModelsPlace(text)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringContaining(says),
        hint: expect.stringContaining("dir:"),
      }),
    );
  });
});
