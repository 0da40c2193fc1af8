import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeModel } from "../support/tiny-models.ts";
import { bundleSucceeds, runBundle } from "./support/bundle-command.ts";

/** Says at the end, on standard error, every module of Node's and every file that was loaded. */
const TELL = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
process.on("exit", () => process._rawDebug([...loaded, ...process.moduleLoadList].join("\\n")));
`;
const CREATE = ["create", "--models", "tiny", "--image", "none", "--from-store", "store"];
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(TELL)}`;

/** What a command loads is most of the time until it begins: each of these takes 5 to 50 ms. */
describe("a command loads what it needs", () => {
  const zod = "/node_modules/zod/";
  const crypto = "NativeModule crypto";
  const http = "NativeModule http";
  const pool = "src/core/chunks/pool.ts";
  const dockerode = "/node_modules/dockerode/";
  const yaml = "/node_modules/yaml/";
  const threads = "src/core/chunks/worker-thread.ts";
  const bundle = "bundle.tar.gz";
  test.each([
    {
      args: ["--version"],
      loaded: [],
      not: [zod, crypto, http, threads, pool, dockerode, yaml],
    },
    {
      args: ["verify", bundle],
      loaded: [crypto, threads, zod, pool],
      not: [http, dockerode, yaml],
    },
    { args: ["inspect", bundle], loaded: [crypto, zod], not: [http, dockerode, yaml] },
    { args: [...CREATE, "--force"], loaded: [threads, zod, pool], not: [http, dockerode, yaml] },
    { args: ["create", "--file", "bundle.yaml", "--dry-run"], loaded: [yaml], not: [dockerode] },
    { args: ["install", "--dry-run", bundle], loaded: [http, dockerode], not: [yaml] },
  ])("and nothing else: $args.0", async ({ args, loaded, not }) => {
    await using home = await temporaryDirectory();
    await writeModel(join(home.path, "store"), { name: "tiny" });
    await writeFile(join(home.path, "bundle.yaml"), "models: none\nimage: none\n");
    await bundleSucceeds(CREATE, { home: home.path });
    // Without an engine install fails, when it has loaded what speaks to one.
    const { stderr } = await runBundle(args, { home: home.path, env: { NODE_OPTIONS } });
    const all = stderr.split("\n");
    const isLoaded = (what: string): boolean => all.some((name) => name.includes(what));
    expect(loaded.filter((what) => !isLoaded(what))).toEqual([]);
    expect(not.filter(isLoaded)).toEqual([]);
    expect(isLoaded("src/main.ts")).toBe(true);
  });

  test("and starts the threads before it loads what needs them", async () => {
    await using home = await temporaryDirectory();
    await writeModel(join(home.path, "store"), { name: "tiny" });
    const { stderr } = await bundleSucceeds(CREATE, { home: home.path, env: { NODE_OPTIONS } });
    const all = stderr.split("\n");
    const at = (what: string): number => all.findIndex((name) => name.endsWith(what));
    expect(at(threads)).toBeGreaterThan(0);
    expect(at(threads)).toBeLessThan(at("src/create-bundle.ts"));
  });
});
