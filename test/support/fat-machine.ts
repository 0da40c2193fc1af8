import { execFile } from "node:child_process";
import { glob, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { canRunPrivateHosts } from "../../scripts/test-hosts/machine-engine.ts";
import { installPackages } from "../../scripts/test-hosts/packages.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const run = promisify(execFile);

/** Debian has it for this kind of processor alone. */
export const canHaveFatMachine = canRunPrivateHosts() && process.arch === "x64";

const MODULES = ["nls/nls_cp437", "nls/nls_ascii", "nls/nls_iso8859-1", "fat/fat", "fat/vfat"];

/** Gets what {@link runOnFatMachine} and {@link fatImage} need. */
export async function setUpFatMachine(): Promise<void> {
  await installPackages(["user-mode-linux", "dosfstools", "busybox-static"], console.error);
}

/** Makes a file that is a disk of so many bytes with an empty FAT32. */
export async function fatImage(path: string, size: number): Promise<string> {
  await using file = await open(path, "wx");
  await file.truncate(size);
  await run("mkfs.vfat", ["-F", "32", path]);
  return path;
}

/**
 * Runs a program of ours under a kernel of its own that knows FAT, which the one of this machine may not: Linux as a process.
 * It sees this machine's files, and the images as /dev/ubda, /dev/ubdb and so on. Gives what the program prints.
 */
export async function runOnFatMachine(
  [program, ...args]: readonly string[],
  images: readonly string[],
): Promise<string> {
  await using directory = await temporaryDirectory();
  const at = (name: string): string => join(directory.path, name);
  const command = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ");
  const init = [
    "#!/bin/sh",
    "export PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "mount -t proc proc /proc",
    `mount -t tmpfs tmpfs ${directory.path}/tmp`,
    ...(await modulePaths()).map((path) => `busybox insmod ${path}`),
    "busybox ifconfig lo 127.0.0.1 up",
    `TMPDIR=${at("tmp")} HOME=${at("tmp")} ${command} > ${at("stdout")} 2> ${at("stderr")}`,
    `echo $? > ${at("exit-code")}`,
    "busybox halt -f",
  ];
  await writeFile(at("init"), init.join("\n"), { mode: 0o755 });
  await run("mkdir", [at("tmp")]);
  const disks = images.map((image, index) => `ubd${"abcdefgh"[index]}=${image}`);
  const kernel = ["rootfstype=hostfs", "root=/dev/root", "rw", "mem=1G", `init=${at("init")}`];
  const quiet = ["quiet", "panic=1", "con=null", `uml_dir=${at("uml")}`];
  await run("linux.uml", [...kernel, ...disks, ...quiet], { timeout: 120_000 });
  const exitCode = await readFile(at("exit-code"), "utf8").catch(() => "none");
  if (exitCode.trim() === "0") return await readFile(at("stdout"), "utf8");
  const stderr = await readFile(at("stderr"), "utf8").catch(() => "");
  throw new Error(`${command} ended with ${exitCode.trim()} on the FAT machine: ${stderr}`);
}

async function modulePaths(): Promise<string[]> {
  const paths: string[] = [];
  for await (const root of glob("/usr/lib/uml/modules/*/kernel/fs"))
    paths.push(...MODULES.map((module) => join(root, `${module}.ko`)));
  return paths;
}
