import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PREPACK = fileURLToPath(new URL("../../scripts/prepack.ts", import.meta.url));

test("the package can be packed where npm dropped an optional dependency that it could not compile", async () => {
  await using project = await temporaryDirectory();
  const folders = ["node_modules/cpu-features", "node_modules/ssh2"];
  const [, there = ""] = folders;
  const packages = Object.fromEntries(
    folders.map((folder) => [folder, { hasInstallScript: true }]),
  );
  await writeFile(join(project.path, "package-lock.json"), JSON.stringify({ packages }));
  await mkdir(join(project.path, there), { recursive: true });
  const manifest = join(project.path, there, "package.json");
  await writeFile(manifest, JSON.stringify({ name: "ssh2", scripts: { install: "compile" } }));

  const { status, stderr } = spawnSync(process.execPath, [PREPACK], {
    cwd: project.path,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(JSON.parse(await readFile(manifest, "utf8"))).toMatchObject({ scripts: {} });
});
