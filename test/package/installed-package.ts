import { type ExecFileOptionsWithStringEncoding, execFile } from "node:child_process";
import { mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Linux' own way to a process without a network: a namespace that has no route, not even to itself. */
const WITHOUT_NETWORK = process.getuid?.() === 0 ? ["unshare", "-n"] : ["unshare", "-rn"];

/** The package of this checkout, packed and then installed as on a machine without a network. */
export interface InstalledPackage extends AsyncDisposable {
  /** Where the package's own package.json is. */
  readonly directory: string;
  /** Runs one of its commands, again without a network, and returns what it prints. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** Types any command in a directory, again without a network, and returns what it prints. */
  type(directory: string, ...command: readonly string[]): Promise<string>;
}

/** Packs and installs with npm alone: an empty cache, no configuration, and nothing to ask for what is missing. */
export async function installPackage(): Promise<InstalledPackage> {
  const home = await mkdtempDisposable(join(tmpdir(), "package-"));
  const env = { HOME: home.path, PATH: process.env["PATH"] };
  const offline = ([command = "", ...args]: readonly string[], cwd = home.path) => {
    const [unshare = "", ...options] = WITHOUT_NETWORK;
    return output([unshare, ...options, command, ...args], { env, cwd });
  };

  await output(["npm", "pack", "--pack-destination", home.path], { env });
  const packed = (await readdir(home.path)).filter((name) => name.endsWith(".tgz"));
  const prefix = join(home.path, "prefix");
  await offline([
    "npm",
    "install",
    "--global",
    "--prefix",
    prefix,
    ...packed.map((name) => `./${name}`),
  ]);
  return {
    directory: join(prefix, "lib/node_modules/ollama-bundle"),
    run: (command, ...args) => offline([join(prefix, "bin", command), ...args]),
    type: (directory, ...command) => offline(command, directory),
    [Symbol.asyncDispose]: () => home.remove(),
  };
}

function output(
  [program = "", ...args]: readonly string[],
  options: Omit<ExecFileOptionsWithStringEncoding, "encoding">,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile(program, args, options, (error, stdout, stderr) => {
    if (error) reject(new Error(`${error.message}\n${stdout}\n${stderr}`, { cause: error }));
    else resolve(stdout);
  });
  return promise;
}
