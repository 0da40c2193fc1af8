import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdir, mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { TOOL } from "../../src/core/tool.ts";
import { writeSmallBundle } from "../support/small-bundle.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import { type InstalledPackage, installPackage } from "./installed-package.ts";
import { findOldNode } from "./old-node.ts";

const oldNode = findOldNode();

describe.runIf(process.platform === "linux")("the package, installed without a network", () => {
  let installed: InstalledPackage;

  beforeAll(async () => {
    installed = await installPackage();
  }, 180_000);

  afterAll(() => installed?.[Symbol.asyncDispose]());

  test.each(["bundle", "ollama-bundle"])(
    "has the command %s, which tells its version",
    async (bin) => {
      const stdout = await installed.run(bin, "--version");
      expect(stdout.trim()).toBe(TOOL.version);
    },
  );

  test("explains itself", async () => {
    const stdout = await installed.run("ollama-bundle", "--help");
    expect(stdout).toMatch(/\bcreate\b[^]*\bverify\b[^]*\binstall\b/);
  });

  test("makes a bundle and verifies it: its worker threads start and the files it packs are there", async () => {
    await using work = await mkdtempDisposable(join(tmpdir(), "packed-"));
    const store = join(work.path, "store");
    const output = join(work.path, "tiny.tar.gz");
    await writeTinyModels(store);

    const from = ["--from-store", store, "--staging", join(work.path, "staging")];
    await installed.run(
      "bundle",
      "create",
      "--models",
      "tiny",
      "--image",
      "none",
      ...from,
      "-o",
      output,
    );

    await expect(installed.run("bundle", "verify", output)).resolves.toBeTypeOf("string");
  });

  test("travels with a bundle: what lies beside it installs and verifies there, without a network", async () => {
    await using work = await mkdtempDisposable(join(tmpdir(), "carried-"));
    const stick = join(work.path, "stick");
    await mkdir(stick);
    await using pool = new ChunkPool();
    const { path } = await writeSmallBundle(work.path, pool);
    await installed.run("bundle", "copy", "--with-tool", path, stick);

    const text = await readFile(join(stick, "ollama-bundle-INSTALL.txt"), "utf8");
    const [, typed = ""] = /^ +(npm install .*)$/m.exec(text) ?? [];
    await installed.type(stick, ...typed.split(" "), "--prefix", join(work.path, "prefix"));
    const program = join(work.path, "prefix/bin/bundle");
    expect(await installed.type(stick, program, "verify", ".")).toContain("is whole");
  });

  test("begins soon: what every command loads has commander, and neither zod nor Node's crypto", () => {
    const loaded = importedBy("run-command-line.js", join(installed.directory, "dist/lib"));
    expect(loaded.keys()).toContain("node:child_process");
    expect(loaded.keys()).not.toContain("node:crypto");
    const code = [...loaded.values()].join("\n");
    expect(code).toContain("CommanderError");
    expect(code).not.toContain("$ZodType");
  });

  test("is a library too", async () => {
    const door = join(installed.directory, "dist/lib/index.js");
    expect(await import(door)).toMatchObject({ verifyBundle: expect.any(Function) });
  });

  test("has no script that npm would run where it is installed, and no code compiled here", () => {
    const manifests = globSync("**/package.json", { cwd: installed.directory });
    const scripted = manifests.filter((path) => {
      const { scripts } = JSON.parse(readFileSync(join(installed.directory, path), "utf8"));
      return scripts?.preinstall ?? scripts?.install ?? scripts?.postinstall;
    });
    expect(scripted).toEqual([]);
    expect(globSync("**/*.node", { cwd: installed.directory })).toEqual([]);
  });

  test.skipIf(oldNode === undefined)(
    `says which Node it needs to one that is too old (${oldNode ?? "SKIPPED: this machine has no Node below 22"})`,
    () => {
      const program = join(installed.directory, "dist/lib/main.js");
      const { status, stderr } = spawnSync(String(oldNode), [program, "--version"], {
        encoding: "utf8",
      });
      expect(stderr).toContain(TOOL.engines.node.replace(">=", ""));
      expect(status).toBe(1);
    },
  );
});

/** What is loaded with a file of the directory, by name: of files their text, of Node's modules nothing. */
function importedBy(
  file: string,
  directory: string,
  found = new Map<string, string>(),
): ReadonlyMap<string, string> {
  if (found.has(file)) return found;
  const text = file.startsWith("node:") ? "" : readFileSync(join(directory, file), "utf8");
  found.set(file, text);
  for (const [, imported = ""] of text.matchAll(/^import [^;]*?"(?:\.\/)?([^"]+)";$/gm))
    importedBy(imported, directory, found);
  return found;
}
