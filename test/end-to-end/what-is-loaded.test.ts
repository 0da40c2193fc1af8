import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeModel } from "../support/tiny-models.ts";
import { bundleSucceeds } from "./support/bundle-command.ts";

/** Says at the end, on standard error, every module of Node's and every file that was loaded. */
const TELL = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
process.on("exit", () => process._rawDebug([...loaded, ...process.moduleLoadList].join("\\n")));
`;
const CREATE = ["create", "--models", "tiny", "--image", "none", "--from-store", "store"];
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(TELL)}`;

/** What a command loads is most of the time until it begins: these take 10 to 50 ms each. */
describe("a command does not load", () => {
  const zod = "/node_modules/zod/";
  const crypto = "NativeModule crypto";
  const http = "NativeModule http";
  const pool = "src/core/chunks/pool.ts";
  const dockerode = "/node_modules/dockerode/";
  const yaml = "/node_modules/yaml/";
  const bundle = "bundle.tar.gz";
  test.each([
    { args: ["--version"], without: [zod, crypto, http, pool, dockerode, yaml] },
    { args: ["verify", bundle], without: [http, dockerode, yaml] },
    { args: ["inspect", bundle], without: [http, dockerode, yaml] },
    { args: [...CREATE, "--force"], without: [http, dockerode, yaml] },
  ])("more than it needs: $args.0", async ({ args, without }) => {
    await using home = await temporaryDirectory();
    await writeModel(join(home.path, "store"), { name: "tiny" });
    await bundleSucceeds(CREATE, { home: home.path });
    const { stderr } = await bundleSucceeds(args, { home: home.path, env: { NODE_OPTIONS } });
    const loaded = stderr.split("\n");
    expect(loaded.some((name) => name.endsWith("/src/main.ts"))).toBe(true);
    const found = without.filter((what) => loaded.some((name) => name.includes(what)));
    expect(found).toEqual([]);
  });
});
