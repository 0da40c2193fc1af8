import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { OllamaBundleError } from "../../../src/core/errors.ts";
import { copyBundle } from "../../../src/copy-bundle.ts";
import { installBundle } from "../../../src/install-bundle.ts";
import { verifyBundle } from "../../../src/verify-bundle.ts";
import { storeHost } from "../../install/store-host.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const run = promisify(execFile);

/** What is done on the machine that knows FAT: `fat32-program.ts SCENE BUNDLE…`, disks at /dev/ubda and /dev/ubdb. */
const scenes: Readonly<Record<string, (bundles: readonly string[]) => Promise<object>>> = {
  "one stick": ([bundle = ""]) => carried(bundle, ["/dev/ubda"]),
  "two sticks": ([bundle = ""]) => carried(bundle, ["/dev/ubda", "/dev/ubdb"]),
  "one slot": ([bundle = ""]) => oneSlot(bundle),
  refused: (bundles) => refused(bundles),
};

const [scene = "", ...bundles] = process.argv.slice(2);
console.log(JSON.stringify(await scenes[scene]?.(bundles)));

/** Copied, unmounted, mounted once more, verified and installed. */
async function carried(bundle: string, disks: readonly string[]): Promise<object> {
  await using place = await temporaryDirectory();
  const to = disks.map((disk) => join(place.path, disk.slice(-4)));
  const env = { XDG_STATE_HOME: place.path };
  const report = await withMounted(disks, to, () => copyBundle({ bundle, to, env }));
  const names = await withMounted(disks, to, () => Promise.all(to.map((at) => readdir(at))));
  return await withMounted(disks, to, async () => ({ report, names, ...(await used(to)) }));
}

/** One mount point: the stick in it is changed on this side and on the other. */
async function oneSlot(bundle: string): Promise<object> {
  await using place = await temporaryDirectory();
  const to = [join(place.path, "stick")];
  const disk = join(place.path, "disk");
  await mkdir(disk);
  const env = { XDG_STATE_HOME: place.path };
  const left = [];
  for (const stick of ["/dev/ubda", "/dev/ubdb"])
    left.push((await withMounted([stick], to, () => copyBundle({ bundle, to, env }))).left);
  const absent = [];
  for (const stick of ["/dev/ubdb", "/dev/ubda"]) {
    const brought = () => copyBundle({ bundle: to, to: [disk], env });
    absent.push((await withMounted([stick], to, brought)).absent);
  }
  return { left, absent, ...(await used([disk])) };
}

async function refused(bundles: readonly string[]): Promise<object> {
  await using place = await temporaryDirectory();
  const to = [join(place.path, "stick")];
  return await withMounted(["/dev/ubda"], to, async () => {
    const errors = [];
    for (const bundle of bundles)
      errors.push(await errorOf(copyBundle({ bundle, to, env: { XDG_STATE_HOME: place.path } })));
    return { errors, names: await readdir(to[0] ?? "") };
  });
}

async function used(bundle: readonly string[]): Promise<object> {
  await using host = await storeHost();
  const { isAcceptable } = await verifyBundle({ bundle });
  await installBundle({ bundle, ...host.options });
  return { isAcceptable, tags: await host.tags() };
}

async function withMounted<T>(
  disks: readonly string[],
  directories: readonly string[],
  act: () => Promise<T>,
): Promise<T> {
  await using mounted = new AsyncDisposableStack();
  for (const [index, directory] of directories.entries()) {
    await mkdir(directory, { recursive: true });
    await run("mount", ["-t", "vfat", disks[index] ?? "", directory]);
    mounted.defer(async () => {
      await run("umount", [directory]);
    });
  }
  return await act();
}

async function errorOf(work: Promise<unknown>): Promise<object> {
  try {
    await work;
    return {};
  } catch (error) {
    if (!(error instanceof OllamaBundleError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint };
  }
}
