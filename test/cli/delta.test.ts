import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import { runBundle } from "./run-bundle.ts";

test("create --since tells what it saves, and verify prints what the site must hold", async () => {
  await using site = await siteWithStore();
  await create(site, ["--models", "tiny", "-o", "first.tar.gz"]);
  const second = ["--models", "tiny:second,tiny-embed", "-o", "second.tar.gz"];
  const since = ["--since", "first.tar.gz"];
  const { exitCode, stdout, stderr } = await create(site, [...second, ...since]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stderr).toMatch(/^ {2}Left out, since the site has them: \d blobs, which saves \d+ kB$/m);
  // What is left out need not find room again.
  expect(stderr).toMatch(/ need about 1\d\d kB of disk and /);
  expect(stdout).toMatch(
    /^It is a delta: \d blobs of [\d,]+ bytes left out, going by bundle first [0-9a-f]{12}\.$/m,
  );

  const verified = await runBundle(["verify", "second.tar.gz"], { cwd: site.path });
  expect(verified.exitCode).toBe(0);
  expect(verified.stdout).toMatch(/^It is a delta: .*\. The site must hold:$/m);
  expect(verified.stdout).toMatch(
    /^ {2}blob {3}sha256:[0-9a-f]{64}, [\d,]+ bytes, of registry\.ollama\.ai\/library\/tiny:second$/m,
  );
  const inspected = await runBundle(["inspect", "second.tar.gz"], { cwd: site.path });
  expect(inspected.stdout).toContain("The site must hold:\n");
});

test.each([
  ["absent.tar.gz", 2, "absent.tar.gz"],
  ["text.json", 4, 'Cannot use "text.json": MODELS.json is not acceptable'],
  ["text.tar.gz", 4, "text.tar.gz"],
])("--since %s is refused by name, and nothing is fetched", async (since, exitCode, says) => {
  await using site = await siteWithStore();
  await writeFile(join(site.path, "text.json"), "{}");
  await writeFile(join(site.path, "text.tar.gz"), "no bundle");
  const refused = await create(site, ["--models", "tiny", "--since", since]);
  expect(refused).toMatchObject({ exitCode, stdout: "" });
  expect(refused.stderr).toContain(says);
});

test("inventory writes a site file, and says what to type on the other side", async () => {
  await using site = await siteWithStore();
  const args = ["inventory", "--models-in", "native", "--store", "store"];
  const written = await runBundle([...args, "-o", "site.json"], { cwd: site.path });
  const elsewhere = await runBundle([...args, "-o", "our site"], { cwd: site.path });
  expect(elsewhere.stdout).toContain("  bundle create --models NAMES --site 'our site'\n");
  expect(written.exitCode).toBe(0);
  expect(written.stdout).toMatch(/^ {2}3 models and \d+ blobs of \d+ kB, all hashed$/m);
  expect(written.stdout).toContain("  bundle create --models NAMES --site site.json\n");

  const printed = await runBundle(args, { cwd: site.path });
  const file = await readFile(join(site.path, "site.json"), "utf8");
  const withoutTimes = (each: string) =>
    each.replaceAll(/"(?:takenAt|freeMemory|models)": ["\d].*/g, "");
  expect(withoutTimes(printed.stdout)).toBe(withoutTimes(file));

  const nothing = await create(site, ["--models", "tiny", "--site", "site.json"]);
  expect(nothing.exitCode).toBe(0);
  expect(nothing.stdout).toMatch(/^It is a delta: .* going by site file [0-9a-f]{12}\.$/m);
  expect(nothing.stdout).toContain(
    "  bundle install --models-in native --store DIR bundle.tar.gz\n",
  );
});

async function siteWithStore() {
  const directory = await temporaryDirectory();
  await writeTinyModels(join(directory.path, "store"));
  return directory;
}

function create({ path }: { readonly path: string }, args: readonly string[]) {
  const places = ["--from-store", join(path, "store"), "--staging", join(path, "staging")];
  return runBundle(["create", "--image", "none", ...places, ...args], { cwd: path });
}
