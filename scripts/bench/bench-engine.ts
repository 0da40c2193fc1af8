import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { standInContext } from "../../test/support/ollama-stand-in/image/stand-in-context.ts";
import { runCommand } from "../test-hosts/run-command.ts";
import { statePath } from "../test-hosts/state-directory.ts";
import type { EngineHost } from "../test-hosts/test-hosts.ts";
import { writeImageLikeFiles } from "./image-like-files.ts";

/** What the benchmark makes on an engine has this name. */
export const NAME = "ollama-bundle-bench";
/** Nobody serves this registry: the engine's attempt to pull ends at once, and what it has is packed. */
export const IMAGE = `localhost:1/${NAME}:0.24.0`;

/** Bytes beside the stand-in's own 150 MB. */
const FILES_SIZE = 365_000_000;

/** An engine, and `docker` for it. */
export class BenchEngine {
  readonly host: EngineHost;
  /** For programs that are to reach it. The private hosts are used with Debian's client. */
  readonly env: Readonly<Record<string, string>>;

  constructor(host: EngineHost) {
    this.host = host;
    this.env = { PATH: `/usr/bin:${process.env["PATH"]}`, DOCKER_HOST: host.dockerHost };
  }

  async docker(...args: readonly string[]): Promise<string> {
    return (await runCommand(["docker", ...args], this.env)).trim();
  }

  /** Its version, and where it keeps images. */
  async description(): Promise<string> {
    const version = await this.docker("version", "--format", "{{.Server.Version}}");
    return `Docker ${version}, ${this.host.imageStore}`;
  }

  /** Where its images may lie; a private host says where they do in its own root. */
  async directories(): Promise<string[]> {
    const root = await this.docker("info", "--format", "{{.DockerRootDir}}");
    return [root, statePath()].filter((directory) => existsSync(directory));
  }

  /** Builds an image of some 500 MB that deflates to about half, and saves it; it stays on the engine. */
  async writeImage(file: string, scratch: string): Promise<void> {
    await mkdir(scratch);
    const context = join(scratch, "context.tar");
    await writeFile(context, await standInContext());
    await runCommand(["tar", "-C", scratch, "-xf", context]);
    await writeImageLikeFiles(join(scratch, "system"), FILES_SIZE);
    const standIn = await readFile(join(scratch, "Dockerfile"), "utf8");
    const dockerfile = standIn.replace(/^FROM scratch$/m, "$&\nCOPY system/ /opt/system/");
    await writeFile(join(scratch, "Dockerfile"), dockerfile);
    await rm(context);
    await this.docker("build", "-q", "-t", IMAGE, scratch);
    await this.docker("save", "-o", file, IMAGE);
    await rm(scratch, { recursive: true });
  }

  /** Removes what installations and yardsticks made, whether they ended well or not. */
  async removeInstalled(): Promise<void> {
    await this.docker("rm", "-f", "-v", NAME).catch(() => "");
    // An image can only be removed before the one that it was built on.
    for (const name of [NAME, `ollama-bundle.local/${NAME}`, IMAGE]) {
      const ids = new Set((await this.docker("images", "-q", name)).split("\n"));
      for (const id of ids) await this.docker("rmi", "-f", id).catch(() => "");
    }
    await this.docker("volume", "rm", NAME).catch(() => "");
  }

  /** Removes also what `docker build` keeps for the next one. */
  async empty(): Promise<void> {
    await this.removeInstalled();
    await this.docker("builder", "prune", "-a", "-f").catch(() => "");
  }
}
