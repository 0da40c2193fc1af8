import { createPublicKey, verify } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { readOllamaKey } from "../../src/registry/ollama-key.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { LOCKED_KEY, TEST_KEY, TEST_PUBLIC_KEY } from "./test-ollama-key.ts";

test("signs as Ollama does: the public key as its file has it, and a signature that holds", async () => {
  await using dir = await temporaryDirectory();
  const key = await readOllamaKey(await written(dir.path, TEST_KEY));
  const [publicKey, signature = ""] = key.authorization("GET,https://x/,y").split(":");
  expect(publicKey).toBe(TEST_PUBLIC_KEY);
  const x = Buffer.from(TEST_PUBLIC_KEY, "base64").subarray(-32).toString("base64url");
  const spki = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  expect(
    verify(null, Buffer.from("GET,https://x/,y"), spki, Buffer.from(signature, "base64")),
  ).toBe(true);
});

const [first = "", ...rest] = TEST_KEY.split("\n");
test.each([
  ["locked with a passphrase", LOCKED_KEY, /locked with a passphrase/],
  ["cut off", [first, ...rest.slice(0, 2), ...rest.slice(-2)].join("\n"), /no private Ed25519 key/],
  ["a public key", `ssh-ed25519 ${TEST_PUBLIC_KEY} test`, /no private Ed25519 key/],
  ["empty", "", /no private Ed25519 key/],
])("refuses a key that is %s, and tells nothing of it", async (_, content, says) => {
  await using dir = await temporaryDirectory();
  const path = await written(dir.path, content);
  const error: unknown = await readOllamaKey(path).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(says),
    hint: expect.any(String),
  });
  for (const line of content.split("\n").filter((text) => text.length > 30))
    expect(inspect(error)).not.toContain(line);
});

test("refuses a key that is not there", async () => {
  await expect(readOllamaKey("/nonexistent/key")).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/^Cannot use "\/nonexistent\/key" as Ollama's key: ENOENT/),
  });
});

async function written(directory: string, content: string): Promise<string> {
  const path = join(directory, "id_ed25519");
  await writeFile(path, content);
  return path;
}
