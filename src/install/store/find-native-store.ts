import { readFile, readdir, readlink } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { DefinitionError } from "../../core/errors.ts";
import { statOrUndefined } from "./store.ts";

export interface NativeSurroundings {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly platform?: NodeJS.Platform | undefined;
  /** Linux's view of its processes; default `/proc`. */
  readonly proc?: string | undefined;
  /** The home of the user that Ollama's own installer for Linux makes; default `/usr/share/ollama`. */
  readonly serviceHome?: string | undefined;
}

/** A models directory, and what makes it the one. */
export interface FoundStore {
  readonly directory: string;
  readonly because: string;
}

const HINT =
  "Add --store DIR: OLLAMA_MODELS of that Ollama, else .ollama/models in the home of the user that it runs as.";

/**
 * Where the Ollama of this host has its models: where the running server has them, else OLLAMA_MODELS, else the one place that is
 * there of those where Ollama keeps them by itself. Throws {@link DefinitionError} where that is none or more than one.
 */
export async function findNativeStore(surroundings: NativeSurroundings): Promise<FoundStore> {
  const { env, platform = process.platform } = surroundings;
  const running = platform === "linux" ? await runningServers(surroundings) : [];
  if (running.length > 0) return onlyOne(running);
  const wished = env["OLLAMA_MODELS"] ?? "";
  if (wished !== "") return { directory: wished, because: "OLLAMA_MODELS says so" };
  return onlyOne(await usualStores(surroundings));
}

function onlyOne(stores: readonly FoundStore[]): FoundStore {
  const [first, ...others] = new Map(stores.map((store) => [store.directory, store])).values();
  if (first === undefined) {
    throw new DefinitionError(
      "USAGE",
      "Cannot tell where Ollama has its models on this host: nothing says so, and no server runs that would",
      { hint: HINT },
    );
  }
  if (others.length === 0) return first;
  const all = [first, ...others].map(({ directory, because }) => `"${directory}" (${because})`);
  throw new DefinitionError(
    "USAGE",
    `Cannot tell where Ollama has its models on this host: there is more than one place: ${all.join(", ")}`,
    { hint: "Say which with --store DIR." },
  );
}

/** Those whose processes this user may look at; one in a container has other directories, and is left out. */
async function runningServers({ proc = "/proc" }: NativeSurroundings): Promise<FoundStore[]> {
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const own = await namespaceOf(proc, "self");
  const stores = await Promise.all(
    pids.map(async (pid) => {
      const [program = "", command] = await wordsOf(join(proc, pid, "cmdline"));
      if (basename(program) !== "ollama" || command !== "serve") return [];
      if ((await namespaceOf(proc, pid)) !== own) return [];
      const variables = await wordsOf(join(proc, pid, "environ"));
      return storeOf(variables).map((directory) => ({
        directory,
        because: `the server that runs as process ${pid} has them there`,
      }));
    }),
  );
  return stores.flat();
}

function storeOf(variables: readonly string[]): string[] {
  const valueOf = (name: string): string =>
    variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  const [models, home] = [valueOf("OLLAMA_MODELS"), valueOf("HOME")];
  if (models !== "") return [models];
  return home === "" ? [] : [join(home, ".ollama", "models")];
}

async function usualStores({
  env,
  platform = process.platform,
  serviceHome = "/usr/share/ollama",
}: NativeSurroundings): Promise<FoundStore[]> {
  const homes = [...(platform === "linux" ? [serviceHome] : []), env["HOME"] || homedir()];
  const places = homes.map((home) => join(home, ".ollama", "models"));
  const there = await Promise.all(
    places.map((path) => statOrUndefined(path).catch(() => undefined)),
  );
  return places
    .filter((_, index) => there[index]?.isDirectory() === true)
    .map((directory) => ({ directory, because: "it is where Ollama has them by itself" }));
}

/** Words that end in NUL; none of a process that is gone, or that this user may not look at. */
async function wordsOf(path: string): Promise<string[]> {
  return (await readFile(path, "utf8").catch(() => "")).split("\0").filter((word) => word !== "");
}

async function namespaceOf(proc: string, pid: string): Promise<string | undefined> {
  return readlink(join(proc, pid, "ns", "mnt")).catch(() => undefined);
}
