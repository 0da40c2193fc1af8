import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runBundle } from "../cli/run-bundle.ts";
import { connectProxy } from "../registry/connect-proxy.ts";
import { TEST_AUTHORITY, TEST_SERVER } from "../registry/test-authority.ts";
import { startModelRegistry } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeModel } from "../support/tiny-models.ts";

test("packs hf.co/user/repo:quant through a proxy and a private authority, with HF_TOKEN that nothing tells", async () => {
  await using dir = await temporaryDirectory();
  const at = (name: string) => join(dir.path, name);
  await writeModel(at("store"), { name: "repo", namespace: "user", host: "hf.co", tag: "Q4_K_M" });
  await writeFile(at("ca.pem"), TEST_AUTHORITY);
  await using hub = await startModelRegistry({
    store: at("store"),
    storeHost: "hf.co",
    tls: TEST_SERVER,
  });
  await using proxy = await connectProxy(Number(new URL(hub.url).port));
  const what = ["--models", "hf.co/user/repo:Q4_K_M", "--image", "none", "--ca", at("ca.pem")];
  const where = ["--staging", at("staging"), "-o", at("bundle.tar.gz"), "--log", at("log")];
  const env = { HOME: dir.path, HTTPS_PROXY: proxy.url, HF_TOKEN: "hf_secret_word" };
  const { exitCode, stdout, stderr } = await runBundle(["create", ...what, ...where], { env });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stdout).toMatch(/^ {2}hf\.co\/user\/repo:Q4_K_M is sha256:[0-9a-f]{64}$/m);
  expect(hub.requests.every(({ authorized }) => authorized)).toBe(true);
  expect(new Set(proxy.tunnels)).toEqual(new Set(["hf.co:443"]));
  const log = await readFile(at("log"), "utf8");
  expect(stdout + stderr + log).not.toContain("hf_secret_word");
});
