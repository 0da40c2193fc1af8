import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtempDisposable, readdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { HostError, messageOf } from "../../core/errors.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { TOOL, TOOL_DIRECTORY } from "../../core/tool.ts";
import type { CopyItem } from "./cargo.ts";

const run = promisify(execFile);

/** This program as a package that npm installs without a network, and a text that says how; both only as long as it lives. */
export interface PackedTool extends AsyncDisposable {
  readonly items: readonly CopyItem[];
}

/**
 * Packs this program as it is installed here, or, from a checkout, as it would be published. Throws {@link HostError} where
 * npm cannot do that.
 */
export async function packTool({ signal }: WorkOptions): Promise<PackedTool> {
  await using cleanup = new AsyncDisposableStack();
  const { path } = cleanup.use(await mkdtempDisposable(join(tmpdir(), `${TOOL.name}-`)));
  const name = await packInto(path, signal);
  await writeFile(join(path, `${TOOL.name}-INSTALL.txt`), instructions(name));
  const items = await Promise.all((await readdir(path)).toSorted().map(itemAt));
  const packed = cleanup.move();
  return { items, [Symbol.asyncDispose]: () => packed.disposeAsync() };

  async function itemAt(file: string): Promise<CopyItem> {
    const { size } = await stat(join(path, file));
    return { called: `"${file}"`, name: file, path: join(path, file), bytes: size };
  }
}

/** The name of the file. An installed package has nothing to be built from, and what was built is in it. */
async function packInto(directory: string, signal: AbortSignal | undefined): Promise<string> {
  const isInstalled = !existsSync(join(TOOL_DIRECTORY, "scripts/prepack.ts"));
  const options = isInstalled ? ["--ignore-scripts"] : [];
  try {
    await run("npm", ["pack", "--silent", "--pack-destination", directory, ...options], {
      cwd: TOOL_DIRECTORY,
      // Windows' npm is a script of its shell.
      shell: process.platform === "win32",
      signal,
    });
    const [name] = await readdir(directory);
    if (name === undefined) throw new Error("npm packed nothing");
    return name;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new HostError("IO", `Cannot pack ${TOOL.name} itself: ${messageOf(cause)}`, {
      cause,
      hint: `See that npm can be found, or copy the .tgz yourself that ${TOOL.name} was installed from.`,
    });
  }
}

function instructions(packageName: string): string {
  return `${TOOL.name} ${TOOL.version}, to be installed without a network

1. It needs Node.js ${TOOL.engines.node.replace(">=", "")} or newer, with npm: see "node --version".

2. In this directory, type:

       npm install --global ./${packageName}

   Where you may not write there, add "--prefix DIR"; the program is then DIR/bin/bundle.

3. Check what was carried, and install it. Name this directory, and those of other media that have parts of it:

       bundle verify .
       bundle install .

Where macOS or Ruby have a "bundle" of their own, the same program is "ollama-bundle".
Without it: README.txt in the bundle (tar -xzf) tells the way with stock tools.
`;
}
