import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { installBundle } from "../../../src/install-bundle.ts";
import { lockStore } from "../../../src/install/store/store-lock.ts";
import { openStore } from "../../../src/install/store/store.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { storeHost } from "../store-host.ts";
import { treeOf } from "../store-tree.ts";
import { writeTinyBundle } from "../tiny-bundle.ts";

const NOW = new Date("2026-01-02T03:04:05Z");

test("while one installs into a store, another is refused, and told who it is", async () => {
  await using here = await storeHost();
  const bundle = await writeTinyBundle(here.path);
  const install = () => installBundle({ bundle: bundle.path, ...here.options });
  const before = await treeOf(here.store);
  {
    await using _held = await lockStore(await openStore(here.store), "another", NOW);
    await expect(install()).rejects.toMatchObject({
      name: "HostError",
      code: "LOCKED",
      exitCode: 7,
      message: `Cannot install into the store "${here.store}": process ${process.pid} on ${hostname()} is installing there since 2026-01-02T03:04:05.000Z`,
      hint: expect.stringContaining(join(here.store, "ollama-bundle.lock")),
    });
  }
  expect(await treeOf(here.store)).toEqual(before);
  expect((await install()).health?.isHealthy).toBe(true);
});

test("of some that begin at once one at least succeeds, the others are refused, and every model is served", async () => {
  await using here = await storeHost();
  const bundle = await writeTinyBundle(here.path, { bigSize: 20_000_000 });
  const installs = Array.from({ length: 3 }, () =>
    installBundle({ bundle: bundle.path, ...here.options }),
  );
  const outcomes = await Promise.allSettled(installs);
  const refused = outcomes.filter(({ status }) => status === "rejected");
  expect(refused.length).toBeLessThan(installs.length);
  expect(refused).toEqual(
    refused.map(() => ({
      status: "rejected",
      reason: expect.objectContaining({ code: "LOCKED" }),
    })),
  );
  expect(Object.keys(await here.tags())).toHaveLength(bundle.manifest.models.length);
  expect((await readdir(here.store)).toSorted()).toEqual(["blobs", "manifests"]);
});

test("a dry run neither waits for the lock nor takes it", async () => {
  await using here = await storeHost();
  const bundle = await writeTinyBundle(here.path);
  await using _held = await lockStore(await openStore(here.store), "another", NOW);
  const { plan } = await installBundle({ bundle: bundle.path, ...here.options, dryRun: true });
  expect(plan.modelsIn).toBe("native");
});

test("what was killed in the middle holds up nobody", async () => {
  await using here = await storeHost();
  const bundle = await writeTinyBundle(here.path);
  await using holder = await holdElsewhere(here.store);
  const install = () => installBundle({ bundle: bundle.path, ...here.options });
  await expect(install()).rejects.toMatchObject({
    code: "LOCKED",
    message: expect.stringContaining(`process ${holder.pid} on`),
  });
  await holder.kill();
  expect((await install()).health?.isHealthy).toBe(true);
});

test("a store that was not there is not there afterwards", async () => {
  await using directory = await temporaryDirectory();
  const store = await openStore(join(directory.path, "models"));
  const held = await lockStore(store, "another", NOW);
  expect(await readdir(directory.path)).toEqual(["models"]);
  await held[Symbol.asyncDispose]();
  expect(await readdir(directory.path)).toEqual([]);
});

/** Another process that has the lock. */
async function holdElsewhere(store: string) {
  const program = join(import.meta.dirname, "hold-store-program.ts");
  const holder = spawn(process.execPath, [program, store], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(holder, "exit");
  const kill = async (): Promise<void> => {
    holder.kill("SIGKILL");
    await exited;
  };
  const ended = exited.then(() =>
    Promise.reject(new Error(`"${program}" ended before it had the lock`)),
  );
  ended.catch(() => {});
  await Promise.race([once(holder.stdout, "data"), ended]);
  return { pid: holder.pid, kill, [Symbol.asyncDispose]: kill };
}
