import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { fullModelName, parseModelName } from "../../src/core/model-name.ts";
import {
  type RegistryModelOptions,
  createRegistryModelSource,
} from "../../src/source/registry-models.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { serve } from "../registry/serve.ts";
import type { Fault } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { FAST, openPlaces } from "./registry-place.ts";

const places = await openPlaces();
const { pool, store, big, start } = places;
afterAll(() => places[Symbol.asyncDispose]());

test("pulls a model whose manifest and blobs are the registry's, byte by byte", async () => {
  await using place = await start();
  const staged = await place.pull("tiny");
  const manifest = join(store, "manifests/registry.ollama.ai/library/tiny/latest");
  expect(staged.manifestBytes.equals(await readFile(manifest))).toBe(true);
  expect(fullModelName(staged.name)).toBe("registry.ollama.ai/library/tiny:latest");
  for (const { path, sha256 } of staged.blobs) {
    expect(
      (await readFile(path)).equals(await readFile(join(store, `blobs/sha256-${sha256}`))),
    ).toBe(true);
  }
});

test("asks as an Ollama that is new enough, says who it is, and fetches nothing twice", async () => {
  await using place = await start();
  await place.pull("tiny");
  const { requests } = place.registry;
  expect(requests.map(({ userAgent }) => userAgent)).toEqual(
    requests.map(() => expect.stringMatching(/^ollama\/\d+\.\d+\.\d+ ollama-bundle\/\d/)),
  );
  const paths = requests.map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
});

test("stages again without asking for any blob", async () => {
  await using place = await start();
  const first = await place.pull("big");
  place.registry.forgetRequests();
  const again = await place.source.resolve(parseModelName("big"), {});
  expect(again.missingBytes).toBe(0);
  expect(await place.source.stage(again, {})).toEqual(first);
  expect(place.registry.requests.map(({ kind }) => kind)).toEqual(["manifest"]);
});

test("tells before staging how many bytes are to come, the config not among them", async () => {
  await using place = await start();
  const { missingBytes, config, manifest } = await place.source.resolve(parseModelName("big"), {});
  expect(config?.size).toBe(manifest.config?.size);
  expect(missingBytes).toBe(big.size - (config?.size ?? 0));
});

test("pulls a model of many small blobs, one plain request each", async () => {
  await using place = await start();
  const staged = await place.pull("tensors");
  expect(staged.blobs.length).toBeGreaterThan(40);
  const blobs = place.registry.requests.filter(({ kind }) => kind === "blob");
  expect(blobs).toHaveLength(staged.blobs.length);
  expect(blobs.every(({ range, method }) => range === undefined && method === "GET")).toBe(true);
});

test("fetches a large blob in ranges of one chunk", async () => {
  await using place = await start();
  const { size = 0 } = (await place.pull("big")).blobs.find((blob) => blob.size > CHUNK_SIZE) ?? {};
  const ranges = place.registry.requests.flatMap(({ range }) => range ?? []);
  const expected = Array.from(
    { length: Math.ceil(size / CHUNK_SIZE) },
    (_, index) => `bytes=${index * CHUNK_SIZE}-${Math.min(size, (index + 1) * CHUNK_SIZE) - 1}`,
  );
  expect(ranges.toSorted()).toEqual(expected.toSorted());
});

test("follows to storage on another host without taking the token there, and stays there", async () => {
  await using place = await start({ blobs: "redirect", token: {} });
  await place.pull("big");
  const { requests } = place.registry;
  const storage = requests.filter(({ kind }) => kind === "storage");
  expect(storage.length).toBeGreaterThan(5);
  expect(storage.some(({ authorized }) => authorized)).toBe(false);
  // One question to the registry per blob: further ranges go to the address that it gave.
  expect(requests.filter(({ kind }) => kind === "blob")).toHaveLength(4);
  expect(requests.filter(({ kind }) => kind === "token")).toHaveLength(1);
});

test("says that a model is unknown, and where it was asked for", async () => {
  await using place = await start();
  await expect(place.pull("llama9")).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringMatching(
      /^Cannot find model "registry.ollama.ai\/library\/llama9:latest": http:\/\/127.0.0.1:\d+\//,
    ),
  });
});

test("says which URL cannot be reached, and through which proxy", async () => {
  const { url } = await start().then(async (place) => {
    await using closing = place;
    return closing.registry;
  });
  const error = await pullFrom(url, {}).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: "SourceError", code: "UNREACHABLE" });
  expect(String(error)).toContain(`Cannot reach ${url}/v2/library/tiny/manifests/latest: `);
  const env = { HTTP_PROXY: `http://user:secret@${new URL(url).host}` };
  const proxied = await pullFrom("http://registry.example", { env }).catch(
    (caught: unknown) => caught,
  );
  expect(String(proxied)).toContain(`through the proxy http://${new URL(url).host}`);
  expect(String(proxied)).not.toContain("secret");
});

test("passes on what a registry says to an Ollama that is too old", async () => {
  await using place = await start({ minimumOllama: "0.30.0" }, { ollamaVersion: "0.24.0" });
  await expect(place.pull("tiny")).rejects.toMatchObject({
    code: "NEWER_OLLAMA_NEEDED",
    message: expect.stringContaining("requires a newer version of Ollama"),
  });
  await using newer = await start({ minimumOllama: "0.30.0" }, { ollamaVersion: "0.30.1" });
  expect((await newer.pull("tiny")).blobs).toHaveLength(4);
});

test("gives up on what is refused at once, with what the registry says", async () => {
  const body = JSON.stringify({ errors: [{ code: "DENIED", message: "not for\u001b[31m you" }] });
  const denied: Fault = { on: { kind: "manifest" }, effect: { type: "status", status: 403, body } };
  await using place = await start({ faults: [denied] });
  await expect(place.pull("tiny")).rejects.toMatchObject({
    code: "REFUSED",
    message: expect.stringContaining("answers 403: not for [31m you"),
  });
  expect(place.registry.requests).toHaveLength(1);
});

test("refuses a cloud model before anything is asked", async () => {
  await using place = await start();
  await expect(place.pull("gpt-oss:120b-cloud")).rejects.toMatchObject({ code: "CLOUD_MODEL" });
  expect(place.registry.requests).toHaveLength(0);
});

test("asks the host in a model's name, over HTTP only when told so", async () => {
  await using place = await start({ storeHost: "registry.example" });
  const { host } = place.registry;
  const name = parseModelName(`${host}/team/mine`);
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const source = createRegistryModelSource({ volume, insecureHosts: [host], retry: FAST });
  expect(fullModelName((await source.resolve(name, {})).name)).toBe(`${host}/team/mine:latest`);
  const secure = createRegistryModelSource({ volume, retry: FAST });
  await expect(secure.resolve(name, {})).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: expect.stringContaining(`https://${host}/`),
    hint: expect.stringContaining(`--insecure-registry ${host}`),
  });
});

test.each([
  ["registry.example", "registry.example"],
  ["ftp://registry.example", "ftp://registry.example"],
  ["https://user:secret@registry.example", "https://registry.example/"],
  ["https://:secret@registry.example", "https://registry.example/"],
  ["https://registry.example/ollama?token=secret", "https://registry.example/ollama"],
  ["https://registry.example/#secret", "https://registry.example/"],
  ["registry.example?token=secret", "…"],
  ["user:secret@registry.example", "…"],
  ["https://user:sec/ret@registry.example", "…"],
])("refuses %s as the URL of a registry, and shows %s of it", async (modelRegistry, shown) => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const create = () => createRegistryModelSource({ volume, modelRegistry });
  expect(create).toThrow(
    expect.objectContaining({
      name: "DefinitionError",
      code: "USAGE",
      message: `Cannot use the model registry "${shown}": expected http(s)://host[:port][/path] without user and query`,
    }),
  );
});

async function pullFrom(
  modelRegistry: string,
  options: Partial<RegistryModelOptions>,
): Promise<unknown> {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const source = createRegistryModelSource({ volume, modelRegistry, retry: FAST, ...options });
  return await source.resolve(parseModelName("tiny"), {});
}

test.each([
  ["a page to log in", "<!DOCTYPE html><title>Log in</title>", "a web page"],
  ["bytes that somebody compressed", gzipSync("{}"), "compressed (gzip)"],
  ["nothing", "", "empty"],
  ["something else", "hello", "no JSON"],
])("says what came where a manifest should be, and where to look: %s", async (_, body, what) => {
  await using proxy = await serve((_request, response) => void response.end(body));
  await using place = await start({}, { modelRegistry: proxy.url });
  await expect(place.source.resolve(parseModelName("tiny"), {})).rejects.toMatchObject({
    code: "BAD_ANSWER",
    message: `Cannot read the manifest of "registry.ollama.ai/library/tiny:latest": it is ${what}, expected a manifest (JSON)`,
    hint: expect.stringMatching(/address of the registry or mirror.* proxy .* page to log in/),
  });
});
