import { execFileSync } from "node:child_process";
import { readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BundleOutput } from "../../src/bundle/output/bundle-output.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { startModelRegistry } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import { type RunOptions, runBundle } from "./run-bundle.ts";

test("packs models from a store: the plan first, then what to carry and what to type there", async () => {
  await using site = await siteWithStore();
  const { exitCode, stdout, stderr } = await create(site, ["--models", "tiny,tiny-embed"]);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^Plan: bundle "bundle" for linux\/\w+$/m);
  expect(stderr).toMatch(
    /^ +model +registry\.ollama\.ai\/library\/tiny:latest +[0-9a-f]{12} +141,716/m,
  );
  const path = join(site.path, "bundle.tar.gz");
  expect(stdout).toMatch(
    /^Bundle bundle [0-9a-f]{12} is written: [\d,]+ bytes, sha256 [0-9a-f]{64}\n/,
  );
  expect(stdout).toContain(`  ${path}\n  ${path}.sha256\n`);
  expect(stdout).toContain("  bundle verify bundle.tar.gz\n");
  expect(stdout).toContain("  bundle install --models-in native --store DIR bundle.tar.gz\n");
  expect(await runBundle(["verify", path])).toMatchObject({ exitCode: 0 });
});

test("--dry-run prints the plan on stdout and writes nothing", async () => {
  await using site = await siteWithStore();
  const { exitCode, stdout } = await create(site, ["--models", "tiny", "--dry-run"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^Plan: bundle "bundle" for linux\//);
  expect(await readdir(site.path)).not.toContain("bundle.tar.gz");
});

test("--json is one document: plan, bundle and warnings", async () => {
  await using site = await siteWithStore();
  const { stdout } = await create(site, ["--models", "tiny", "--json", "-o", "a b.tar.gz"]);
  expect(JSON.parse(stdout)).toMatchObject({
    plan: { items: [{ kind: "model", name: "registry.ollama.ai/library/tiny:latest" }] },
    bundle: { name: "a-b", path: join(site.path, "a b.tar.gz"), sha256: expect.any(String) },
    warnings: expect.any(Array),
  });
});

test("a definition file says the same as options, and options go before it", async () => {
  await using site = await siteWithStore();
  await writeFile(join(site.path, "site.yaml"), "name: site-a\nimage: none\nmodels: [tiny]\n");
  const store = ["--from-store", join(site.path, "store"), "--staging", join(site.path, "staging")];
  const args = ["create", "-f", "site.yaml", ...store, "--json", "--dry-run"];
  const fromFile = await runBundle(args, { cwd: site.path });
  expect(JSON.parse(fromFile.stdout).plan).toMatchObject({
    name: "site-a",
    items: [{ kind: "model" }],
  });
  const both = await runBundle([...args, "--name", "site-b", "--models", "tiny-embed"], {
    cwd: site.path,
  });
  expect(JSON.parse(both.stdout).plan).toMatchObject({
    name: "site-b",
    items: [{ name: "registry.ollama.ai/library/tiny-embed:latest" }],
  });
});

test("an output that exists is refused without --force", async () => {
  await using site = await siteWithStore();
  await writeFile(join(site.path, "bundle.tar.gz"), "precious");
  const refused = await create(site, ["--models", "tiny"]);
  expect(refused).toMatchObject({ exitCode: 7, stdout: "" });
  expect(refused.stderr).toContain("bundle.tar.gz");
  expect(await readFile(join(site.path, "bundle.tar.gz"), "utf8")).toBe("precious");
  expect(await create(site, ["--models", "tiny", "--force"])).toMatchObject({ exitCode: 0 });
});

test.each([
  ["-", '"-": a bundle cannot be written to standard output'],
  ["a\nb.tar.gz", String.raw`"a\nb.tar.gz": its .sha256 file`],
  ["a\u0007.tar.gz", String.raw`"a\u0007.tar.gz": its .sha256 file`],
  [String.raw`a\b.tar.gz`, String.raw`"a\\b.tar.gz": its .sha256 file`],
])("an output called %j is a usage error, and nothing is written", async (output, says) => {
  await using site = await siteWithStore();
  const { exitCode, stderr } = await create(site, ["--models", "tiny", "-o", output]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(says);
  expect(stderr).toMatch(/^hint: .*--output/m);
  expect(await readdir(site.path)).toEqual(["store"]);
});

test.each([241, 300])(
  "an output whose name has %i letters is refused before anything is fetched",
  async (length) => {
    await using site = await siteWithStore();
    const output = `${"x".repeat(length - 7)}.tar.gz`;
    const { exitCode, stderr } = await create(site, ["--models", "tiny", "-o", output]);
    expect(exitCode).toBe(7);
    expect(stderr).toMatch(/^error: .* is too long\nhint: .*--output.\n$/);
    expect(await readdir(site.path)).toEqual(["store"]);
  },
);

test("a bundle is called as its file, whose letters lose their accents", async () => {
  await using site = await siteWithStore();
  const args = ["--models", "tiny", "-o", "Übung é-模.tar.gz", "--dry-run", "--json"];
  const { stdout } = await create(site, args);
  expect(JSON.parse(stdout).plan).toMatchObject({ name: "Ubung-e" });
});

test.each([
  { args: [], says: "no models are named" },
  {
    args: ["--models", "tiny,,tiny"],
    says: 'Cannot use --models "tiny,,tiny": one of the names is empty',
  },
  {
    args: ["--models", "tiny,none"],
    says: 'Cannot use --models "tiny,none": "none" stands alone',
  },
  {
    args: ["--models", "tiny", "--models", "none"],
    says: 'Cannot use --models "tiny,none": "none" stands alone',
  },
  {
    args: ["--models", "tiny", "-o", ""],
    says: 'Cannot use --output "": it is empty',
  },
  { args: ["--models", "none"], says: "neither an image nor a model" },
  {
    args: ["--models", "tiny", "--name", "../x"],
    says: 'Cannot use --name "../x": expected letters',
  },
  { args: ["--models", "tiny", "--platform", "windows"], says: 'Cannot use --platform "windows"' },
  { args: ["--models", "tiny", "-f", "missing.yaml"], says: '"missing.yaml"' },
])("$args is refused as a definition", async ({ args, says }) => {
  await using site = await siteWithStore();
  const { exitCode, stdout, stderr } = await create(site, args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain(says);
});

test("a URL as --insecure-registry is a usage error, not a host that never matches", async () => {
  await using site = await temporaryDirectory();
  const from = ["--models", "tiny", "--image", "none", "--staging", join(site.path, "staging")];
  const args = ["create", ...from, "--insecure-registry", "http://registry.example"];
  const { exitCode, stderr } = await runBundle(args, { cwd: site.path });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('"http://registry.example"');
  expect(stderr).toMatch(/^hint: .*--insecure-registry registry\.example:5000/m);
});

test.each([
  ["--parallel", "0", "a whole number from 1 to 16"],
  ["--parallel", "many", "a whole number from 1 to 16"],
  ["--limit-rate", "10", "a size such as 500K or 5M, at least 1K"],
  ["--limit-rate", "fast", "a size such as 500K or 5M, at least 1K"],
  ["--ca", "/nonexistent/ca.pem", 'Cannot use "/nonexistent/ca.pem" as --ca: ENOENT'],
  ["--ollama-key", "/nonexistent/key", `Cannot use "/nonexistent/key" as Ollama's key: ENOENT`],
])("%s %s is a usage error, and nothing is asked of a registry", async (option, value, says) => {
  await using site = await temporaryDirectory();
  const from = ["--models", "tiny", "--image", "none", "--staging", join(site.path, "staging")];
  const nowhere = ["--model-registry", "http://127.0.0.1:1"];
  const { exitCode, stderr } = await runBundle(["create", ...from, ...nowhere, option, value], {
    cwd: site.path,
  });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(says);
});

test.each([
  "https://user:secret@registry.example/?token=secret",
  "https://user:sec/secret@registry.example",
  "registry.example?token=secret",
])("a secret in a refused --model-registry is neither printed nor logged: %s", async (url) => {
  await using site = await temporaryDirectory();
  const log = join(site.path, "log");
  const what = ["--models", "tiny", "--image", "none", "--staging", join(site.path, "staging")];
  const args = ["create", ...what, "--model-registry", url, "--log", log];
  const { exitCode, stdout, stderr } = await runBundle(args, { cwd: site.path });
  expect(exitCode).toBe(2);
  const logged = await readFile(log, "utf8");
  expect(logged).toContain("--model-registry");
  expect(stdout + stderr + logged).not.toContain("secret");
});

test("a model that is not in the store is named, with exit code 3", async () => {
  await using site = await siteWithStore();
  const { exitCode, stderr } = await create(site, ["--models", "llama3.2"]);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/^error: .*llama3\.2/m);
});

test("what is typed afterwards can be pasted into a shell", async () => {
  await using site = await siteWithStore();
  const { stdout } = await create(site, ["--models", "tiny", "-o", "it's here.tar.gz"]);
  expect(stdout).toContain(String.raw`  bundle verify 'it'\''s here.tar.gz'`);
});

test("what is typed afterwards is no option, whatever the bundle is called", async () => {
  await using site = await siteWithStore();
  const { exitCode, stdout } = await create(site, ["--models", "tiny", "-o", "-x.tar.gz"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("  bundle verify ./-x.tar.gz\n");
});

test("--models may be given several times, and all of them are packed", async () => {
  await using site = await siteWithStore();
  const twice = ["--models", "tiny", "--models", "tiny-embed,tiny:second"];
  const { stdout } = await create(site, [...twice, "--dry-run", "--json"]);
  expect(JSON.parse(stdout).plan.items).toHaveLength(3);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s stops it with exit code 130 and leaves nothing half-named; the next run goes on",
  async (interruptWith) => {
    await using site = await siteWithStore();
    await using registry = await startModelRegistry({
      store: join(site.path, "store"),
      faults: [{ on: { kind: "blob", method: "GET" }, effect: { type: "stall", afterBytes: 10 } }],
    });
    const options = ["--model-registry", registry.url, "--staging", join(site.path, "staging")];
    const args = ["create", "--models", "tiny", "--image", "none", ...options];
    const interrupted = await runBundle(args, {
      cwd: site.path,
      interruptWith,
      interruptWhen: registry.until((requests) =>
        requests.some(({ path }) => path.includes("/blobs/")),
      ),
    });
    expect(interrupted).toMatchObject({ exitCode: 130, stdout: "" });
    expect(interrupted.stderr).toMatch(/^error: Interrupted$/m);
    expect((await readdir(site.path)).toSorted()).toEqual(["staging", "store"]);
    registry.setFaults([]);
    expect(await runBundle(args, { cwd: site.path })).toMatchObject({ exitCode: 0 });
  },
);

test("SIGINT with --json is one document too", async () => {
  await using site = await siteWithStore();
  await using registry = await startModelRegistry({
    store: join(site.path, "store"),
    faults: [{ on: {}, effect: { type: "no-answer" } }],
  });
  const options = ["--model-registry", registry.url, "--staging", join(site.path, "staging")];
  const args = ["create", "--models", "tiny", "--image", "none", "--json", ...options];
  const { exitCode, stdout } = await runBundle(args, {
    cwd: site.path,
    interruptWhen: registry.until((requests) => requests.length > 0),
  });
  expect(exitCode).toBe(130);
  expect(JSON.parse(stdout)).toEqual({ error: { code: "INTERRUPTED", message: "Interrupted" } });
});

test("staged content that turns out wrong, with its old time, is fetched again by the next run", async () => {
  await using site = await siteWithStore();
  await using registry = await startModelRegistry({ store: join(site.path, "store") });
  const staging = join(site.path, "staging");
  const options = ["--image", "none", "--model-registry", registry.url, "--staging", staging];
  const again = () =>
    runBundle(["create", "--models", "tiny", "--force", ...options], { cwd: site.path });
  expect(await again()).toMatchObject({ exitCode: 0 });
  const before = await readFile(join(site.path, "bundle.tar.gz"));

  const blob = await largestIn(join(staging, "blobs/sha256"));
  await flipByteUnnoticed(blob);
  const failed = await again();
  expect(failed).toMatchObject({ exitCode: 3 });
  expect(failed.stderr).toContain(blob);
  const mended = await again();
  expect(mended).toMatchObject({ exitCode: 0 });
  expect(mended.stderr).toContain(`warning: Removed "${blob}"`);
  expect(before.equals(await readFile(join(site.path, "bundle.tar.gz")))).toBe(true);
});

test("while a bundle is written, another create with that output is refused and takes nothing away", async () => {
  await using site = await siteWithStore();
  const output = join(site.path, "bundle.tar.gz");
  await using pool = new ChunkPool();
  {
    await using first = await BundleOutput.create(output, { pool, force: false });
    const second = await create(site, ["--models", "tiny", "--force"]);
    expect(second).toMatchObject({ exitCode: 7, stdout: expect.not.stringContaining("Created") });
    expect(second.stderr).toContain(
      `error: Cannot write the bundle "${output}": process ${process.pid} is writing it`,
    );
    await first.write(Buffer.from("the first one"));
    await first.finish("0".repeat(64));
  }
  expect(await readFile(output, "utf8")).toBe("the first one");
  expect((await readdir(site.path)).toSorted()).toEqual([
    "bundle.tar.gz",
    "bundle.tar.gz.sha256",
    "staging",
    "store",
  ]);
});

async function largestIn(directory: string): Promise<string> {
  const paths = (await readdir(directory)).map((name) => join(directory, name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return paths[sizes.indexOf(Math.max(...sizes))] ?? "";
}

/** As a failing disk does: the file keeps its size and its time. */
async function flipByteUnnoticed(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[1000] = ~(bytes[1000] ?? 0);
  const clock = `${path}.time`;
  execFileSync("cp", ["-p", path, clock]);
  await writeFile(path, bytes);
  execFileSync("touch", ["-r", clock, path]);
  await rm(clock);
}

type Site = Awaited<ReturnType<typeof siteWithStore>>;

async function siteWithStore() {
  const directory = await temporaryDirectory();
  await writeTinyModels(join(directory.path, "store"));
  return directory;
}

/** Models alone, so that no engine is needed. */
function create({ path }: Site, args: readonly string[], options: RunOptions = {}) {
  const from = ["--image", "none", "--from-store", join(path, "store")];
  const staging = ["--staging", join(path, "staging")];
  return runBundle(["create", ...from, ...staging, ...args], { cwd: path, ...options });
}
