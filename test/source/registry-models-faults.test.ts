import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import type { Fault } from "../support/model-registry.ts";
import { openPlaces } from "./registry-place.ts";

const places = await openPlaces();
const { big, start } = places;
afterAll(() => places[Symbol.asyncDispose]());

test("asks the registry anew when the address that it gave has expired", async () => {
  const expired: Fault = {
    on: { kind: "storage" },
    effect: { type: "status", status: 403 },
    skip: 5,
    times: 1,
  };
  await using place = await start({ blobs: "redirect", faults: [expired] });
  await place.pull("big");
  expect(place.registry.faultCounts).toEqual([1]);
});

test("gets another token when one has expired", async () => {
  await using place = await start({ token: { usesPerToken: 3 } });
  await place.pull("big");
  const tokens = place.registry.requests.filter(({ kind }) => kind === "token");
  expect(tokens.length).toBeGreaterThan(1);
});

const brokenBlobs: Record<string, Fault> = {
  "connections that are cut after a megabyte": {
    on: { kind: "blob" },
    effect: { type: "cut", afterBytes: 1_000_000 },
    share: 0.7,
  },
  "connections that are cut anywhere": {
    on: { kind: "blob" },
    effect: { type: "cut", afterBytes: "random" },
    share: 0.5,
  },
  "a server that falls silent in the middle": {
    on: { kind: "blob" },
    effect: { type: "stall", afterBytes: 100_000 },
    skip: 1, // the config, which is fetched alone
    times: 5,
  },
  "a server that never answers": { on: { kind: "blob" }, effect: { type: "no-answer" }, times: 2 },
  "a server that is too busy": {
    on: { kind: "blob" },
    effect: { type: "status", status: 429, headers: { "Retry-After": "0" } },
    times: 4,
  },
  "a server that is down for a moment": {
    on: { kind: "blob" },
    effect: { type: "status", status: 503 },
    times: 4,
  },
  "ranges that are ignored": { on: { kind: "blob" }, effect: { type: "ignore-range" } },
  "ranges that are ignored now and then": {
    on: { kind: "blob" },
    effect: { type: "ignore-range" },
    share: 0.3,
  },
  "a length that is stated too short": {
    on: { kind: "blob" },
    effect: { type: "content-length", add: -7 },
    skip: 1, // the config, which is fetched alone
    times: 5,
  },
  "a length that is stated too long": {
    on: { kind: "blob" },
    effect: { type: "content-length", add: 7 },
    skip: 1, // the config, which is fetched alone
    times: 5,
  },
};

test.each(Object.entries(brokenBlobs))(
  "survives %s, and its progress never goes back",
  async (_, fault) => {
    await using place = await start({ faults: [fault] }, { idleTimeoutMs: 300 });
    const events: ProgressEvent[] = [];
    const staged = await place.pull("big", { onProgress: (event) => events.push(event) });
    expect(place.registry.faultCounts[0]).toBeGreaterThan(0);
    expect(staged.blobs).toHaveLength(4);
    const done = events.flatMap((event) => (event.kind === "bytes" ? event.done : []));
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBe(big.size);
  },
);

test("where ranges are ignored, one request brings the whole blob", async () => {
  await using place = await start({ faults: [brokenBlobs["ranges that are ignored"] as Fault] });
  await place.pull("big");
  expect(place.registry.requests.filter(({ kind }) => kind === "blob")).toHaveLength(4);
});

test("after an interruption asks for no piece that had come", async () => {
  await using place = await start();
  const stop = new AbortController();
  const reason = new Error("Ctrl-C");
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === "bytes" && event.done > 3 * CHUNK_SIZE) stop.abort(reason);
  };
  await expect(place.pull("big", { signal: stop.signal, onProgress })).rejects.toBe(reason);
  const { missingBytes } = await place.source.resolve(parseModelName("big"), {});
  place.registry.forgetRequests();
  await place.pull("big");
  const bodies = place.registry.requests.filter(({ kind }) => kind === "blob");
  expect(bodies.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBe(missingBytes);
});

test("content that is damaged on the way never gets a blob's name", async () => {
  const flip: Fault = {
    on: { kind: "blob" },
    effect: { type: "flip", offset: CHUNK_SIZE + 5 },
  };
  await using place = await start({ faults: [flip] });
  await expect(place.pull("big")).rejects.toMatchObject({
    name: "SourceError",
    code: "WRONG_CONTENT",
    message: expect.stringContaining('blob of "registry.ollama.ai/library/big:latest"'),
  });
  const names = await readdir(join(place.staging, "blobs/sha256"));
  for (const name of names)
    expect(sha256Hex(await readFile(join(place.staging, "blobs/sha256", name)))).toBe(name);
  place.registry.setFaults([]);
  expect((await place.pull("big")).blobs).toHaveLength(4);
});
