import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chown, mkdir, readFile, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { installBundle } from "../../src/install-bundle.ts";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import type { InstallOutcome } from "./engine-fixture.ts";
import { storeHost } from "./store-host.ts";
import { treeOf } from "./store-tree.ts";
import { promised, writeTinyBundle } from "./tiny-bundle.ts";

const OLD = new Date(Date.now() - 7_200_000);

/** Every model that is listed in the store has its blobs, whole. */
async function expectWhole(store: string): Promise<void> {
  const manifests = join(store, "manifests");
  const entries = await readdir(manifests, { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  for (const { name, parentPath } of entries.filter((entry) => entry.isFile())) {
    const text = await readFile(join(parentPath, name), "utf8");
    for (const [, hex = ""] of text.matchAll(/sha256:([0-9a-f]{64})/g)) {
      const bytes = await readFile(join(store, "blobs", `sha256-${hex}`));
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(hex);
    }
  }
}

/** Starts servers on a store, one after the other, each of which prunes it first; stops when asked. */
function restarts(models: string): { readonly count: () => number; stop(): Promise<void> } {
  const state = { count: 0, isDone: false };
  const running = (async () => {
    while (!state.isDone) {
      // One that stumbles over a file that is being written does not start.
      const server = await startOllamaStandIn({ models }).catch(() => undefined);
      if (server === undefined) continue;
      state.count += 1;
      await expectWhole(models);
      await server[Symbol.asyncDispose]();
    }
  })();
  return {
    count: () => state.count,
    async stop() {
      state.isDone = true;
      await running;
    },
  };
}

describe("a native store whose server prunes at every start, again and again", () => {
  test("has every model whole at any time; blobs of a broken pull are used, and not lost", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path, { bigSize: 30_000_000 });
    // Old blobs that no manifest names: the next start deletes them.
    await writeTinyModels(join(here.path, "pulled"), { bigSize: 30_000_000 });
    await mkdir(join(here.store, "blobs"), { recursive: true });
    for (const name of await readdir(join(here.path, "pulled/blobs"))) {
      const blob = join(here.store, "blobs", name);
      await writeFile(blob, await readFile(join(here.path, "pulled/blobs", name)));
      await utimes(blob, OLD, OLD);
    }
    let server: ReturnType<typeof restarts> | undefined;
    await installBundle({
      bundle: bundle.path,
      ...here.options,
      // From the first byte that is looked at.
      onProgress: ({ kind }) => kind === "bytes" && (server ??= restarts(here.store)),
    });
    await server?.stop();
    expect(server?.count()).toBeGreaterThan(1);
    await using _pruning = await startOllamaStandIn({ models: here.store });
    await expectWhole(here.store);
    expect(await here.tags()).toEqual(promised(bundle));
  });

  test("keeps its own models and lists none of a bundle that turns out to be damaged", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path, { bigSize: 30_000_000 });
    const foreign = await writeTinyBundle(here.path, {
      name: "foreign",
      models: (name) => name === "tiny:second",
    });
    await installBundle({ bundle: foreign.path, ...here.options });
    const before = await treeOf(here.store);
    const bytes = await readFile(bundle.path);
    const at = bytes.length - 15_000_000;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(bundle.path, bytes);
    const server = restarts(here.store);
    await expect(installBundle({ bundle: bundle.path, ...here.options })).rejects.toMatchObject({
      code: "DAMAGED",
    });
    await server.stop();
    expect(await treeOf(here.store)).toEqual(before);
    expect(await here.tags()).toEqual(promised(foreign));
  });
});

describe.runIf(process.platform === "linux" && process.getuid?.() === 0)(
  "without the rights to write",
  () => {
    test.each(["", "blobs", "manifests/registry.ollama.ai/library"])(
      'the store\'s directory "%s": refused before anything changed',
      async (relative) => {
        await using here = await storeHost();
        await writeTinyModels(here.store);
        const directory = join(here.store, relative);
        await chown(directory, 1234, 1234);
        const before = await treeOf(here.store);
        const { mtimeMs } = await stat(directory);
        const bundle = await writeTinyBundle(here.path);
        const { error } = await installWithoutPrivileges({ ...here.options, bundle: bundle.path });
        expect(error).toMatchObject({
          code: "NO_RIGHTS",
          exitCode: 7,
          message: expect.stringContaining("access is not allowed"),
          hint: "Run this as the user that Ollama runs as, or as root.",
        });
        expect(await treeOf(here.store)).toEqual(before);
        expect((await stat(directory)).mtimeMs).toBe(mtimeMs);
        await expect(stat(here.state)).rejects.toMatchObject({ code: "ENOENT" });
      },
    );
  },
);

/** As root without any of its privileges: a user to whom this machine's files belong, and others' do not. */
async function installWithoutPrivileges(options: {
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<InstallOutcome> {
  const program = join(import.meta.dirname, "install-program.ts");
  const privileges = ["--bounding-set=-all", "--inh-caps=-all"];
  const { stdout } = await promisify(execFile)("setpriv", [
    ...privileges,
    process.execPath,
    program,
    JSON.stringify(options),
  ]);
  return JSON.parse(stdout) as InstallOutcome;
}
