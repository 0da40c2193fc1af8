import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtempDisposable, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { makeRecordedStore } from "./recorded-store.ts";
import { listeningPort, runStandIn, spawnStandIn } from "./run-stand-in.ts";

/** What `ollama-startup/read-only-store*` and `ollama-cli/serve.*read-only*` record. */
const UNSHARE = [
  "unshare",
  ...(process.getuid?.() === 0 ? ["--mount"] : ["--map-root-user", "--mount"]),
];
const canMount = spawnSync(UNSHARE[0] ?? "", [...UNSHARE.slice(1), "true"]).status === 0;

describe.skipIf(!canMount)("on a read-only file system the stand-in", () => {
  test("serves a store that needs nothing (read-only-store)", async () => {
    await using home = await homeWithStore();
    const child = spawnStandIn(serveReadOnly(home.path, { OLLAMA_NO_CLOUD: "1" }));
    const port = await listeningPort(child);
    const body = JSON.stringify({ model: "tiny" });
    const url = `http://127.0.0.1:${port}/api/generate`;
    expect((await fetch(url, { method: "POST", body })).status).toBe(200);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("starts though it cannot prune (read-only-store.old-unnamed-blob)", async () => {
    await using home = await homeWithStore();
    const blob = path.join(home.path, ".ollama/models/blobs", `sha256-${"a".repeat(64)}`);
    await writeFile(blob, "x");
    await utimes(blob, 0, 0);
    const child = spawnStandIn(serveReadOnly(home.path));
    expect(await listeningPort(child)).toBeGreaterThan(0);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("does not start with an empty directory below manifests, unless it may not prune", async () => {
    await using home = await homeWithStore();
    const gone = path.join(home.path, ".ollama/models/manifests/registry.example/library/gone");
    await mkdir(gone, { recursive: true });
    const { exitCode, stderr } = await runStandIn(serveReadOnly(home.path));
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Error: remove ${gone}: read-only file system\n`);

    const child = spawnStandIn(serveReadOnly(home.path, { OLLAMA_NOPRUNE: "1" }));
    expect(await listeningPort(child)).toBeGreaterThan(0);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("ends with 1 where HOME cannot be written (serve.home-read-only)", async () => {
    await using home = await temporaryHome();
    const run = serveReadOnly(home.path, {}, home.path);
    expect(await runStandIn(run)).toMatchObject({
      exitCode: 1,
      stdout: `Couldn't find '${home.path}/.ollama/id_ed25519'. Generating new private key.\n`,
      stderr: `Error: could not create directory mkdir ${home.path}/.ollama: read-only file system\n`,
    });
  });

  test("ends with 1 where an empty store cannot be made (serve.models-read-only-and-empty)", async () => {
    await using home = await temporaryHome();
    const readOnly = path.join(home.path, "ro");
    await mkdir(readOnly);
    const run = serveReadOnly(home.path, { OLLAMA_MODELS: `${readOnly}/models` }, readOnly);
    const { exitCode, stdout, stderr } = await runStandIn(run);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/Your new public key is: \n\nssh-ed25519 \S+\n\n$/);
    expect(stderr).toContain(
      `Error: mkdir ${readOnly}/models: read-only file system: ensure path elements are traversable\n`,
    );
  });
});

/** `ollama serve` in a mount namespace where a directory, the store by default, is read-only. */
function serveReadOnly(
  home: string,
  env: Readonly<Record<string, string>> = {},
  readOnly = path.join(home, ".ollama/models"),
) {
  const mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
  return {
    args: ["serve"],
    env: { HOME: home, OLLAMA_HOST: "127.0.0.1:0", ...env },
    prefix: [...UNSHARE, "sh", "-c", mount, readOnly],
  };
}

async function homeWithStore() {
  const home = await temporaryHome();
  const store = path.join(home.path, ".ollama/models");
  await makeRecordedStore(store, { name: "", store: "tiny models" });
  return home;
}

function temporaryHome() {
  return mkdtempDisposable(path.join(tmpdir(), "ollama-read-only-"));
}
