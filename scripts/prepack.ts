import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

/** https://docs.npmjs.com/cli/configuring-npm/package-lock-json */
const packageLock = z.object({
  packages: z.record(
    z.string(),
    z.object({ hasInstallScript: z.boolean().optional(), dev: z.boolean().optional() }),
  ),
});

const installedManifest = z.looseObject({ scripts: z.record(z.string(), z.string()).optional() });

// npm runs the install scripts of bundled dependencies where the package is installed. Those of ours compile optional
// helpers of ssh2, which works without them, and first ask the network for Node's headers: on a machine without a network
// a long wait at best. So they do not travel, and neither does what they built for this machine.
const { packages } = packageLock.parse(JSON.parse(readFileSync("package-lock.json", "utf8")));
for (const [folder, { hasInstallScript, dev }] of Object.entries(packages)) {
  if (!hasInstallScript || dev) continue;
  // An optional one that could not be compiled was dropped by npm.
  if (!existsSync(folder)) continue;
  dropInstallScripts(join(folder, "package.json"));
  dropBuiltCode(folder);
}

function dropInstallScripts(path: string): void {
  const { scripts = {}, ...manifest } = installedManifest.parse(
    JSON.parse(readFileSync(path, "utf8")),
  );
  const { preinstall: _1, install: _2, postinstall: _3, ...harmless } = scripts;
  // Without gypfile: false npm compiles whatever has a binding.gyp, script or not.
  const packed = { ...manifest, scripts: harmless, gypfile: false };
  writeFileSync(`${path}.partial`, `${JSON.stringify(packed, null, 2)}\n`);
  renameSync(`${path}.partial`, path);
}

function dropBuiltCode(folder: string): void {
  for (const recipe of globSync(join(folder, "**/binding.gyp"))) {
    rmSync(join(dirname(recipe), "build"), { recursive: true, force: true });
  }
}
