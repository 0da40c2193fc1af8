import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { runCommand } from "./run-command.ts";
import { statePath } from "./state-directory.ts";
import type { OnProgress } from "./test-hosts.ts";

/** A folder with Debian forky, its docker.io and its docker-registry; made once (about 550 MB). */
export async function forkyRoot(onProgress: OnProgress): Promise<string> {
  const root = statePath("roots", "forky");
  if (existsSync(root)) return root;
  const partial = `${root}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(root), { recursive: true });
  const { mirror, keyring } = await debianArchive();
  onProgress(`installing Debian forky from ${mirror} into ${root}`);
  // debootstrap mounts /proc and /sys in the folder, and goes on when its parent is killed: in namespaces of their
  // own its mounts and its processes end with this program.
  const contained = [
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
  ];
  const argv = [
    "debootstrap",
    "--variant=minbase",
    "--include=docker.io,docker-registry",
    `--keyring=${keyring}`,
  ];
  // An older debootstrap does not know the suite; its script is that of every later Debian.
  const script = "/usr/share/debootstrap/scripts/sid";
  await runCommand([...contained, "--mount-proc", ...argv, "forky", partial, mirror, script]);
  renameSync(partial, root);
  return root;
}

interface DebianArchive {
  readonly mirror: string;
  readonly keyring: string;
}

/** The mirror and the keyring that this machine's apt uses for Debian; Debian's own names on Ubuntu. */
async function debianArchive(): Promise<DebianArchive> {
  const format = "$(ORIGIN) $(COMPONENT) $(REPO_URI) $(SOURCESENTRY)";
  const targets = await runCommand([
    "apt-get",
    "indextargets",
    "--format",
    format,
    "Created-By: Packages",
  ]);
  const debian = targets.split("\n").find((line) => line.startsWith("Debian main "));
  const [, , mirror = "http://deb.debian.org/debian", entry = ""] = debian?.split(" ") ?? [];
  return { mirror, keyring: keyringOf(entry.replace(/:\d+$/, "")) };
}

function keyringOf(sourcesFile: string): string {
  const sources = existsSync(sourcesFile) ? readFileSync(sourcesFile, "utf8") : "";
  const [, keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"] =
    /^[^#\n]*signed-by[:=]\s*(\/[^\s,\]]+)/im.exec(sources) ?? [];
  return keyring;
}
