import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { type CommandResult, bundleSucceeds } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";
import { MEMORY_LIMIT, MODEL_SIZE, peakOf } from "./support/memory.ts";

const PATIENCE = 300_000;

describe("with a model of 1 GiB, peak memory stays within 256 MiB", { timeout: PATIENCE }, () => {
  let side: ConnectedSide;
  beforeAll(async () => {
    side = await connectedSide([{ name: "big", size: MODEL_SIZE }]);
  }, PATIENCE);
  afterAll(() => side[Symbol.asyncDispose](), PATIENCE);

  test("in create from a registry", async () => {
    const what = ["--models", "big", "--image", "none", "--model-registry", side.registry.url];
    expect(peakOf("create", await bundle("create", ...what))).toBeLessThanOrEqual(MEMORY_LIMIT);
    await rm(join(side.path, "cache"), { recursive: true });
  });

  test("in verify", async () => {
    expect(peakOf("verify", await bundle("verify"))).toBeLessThanOrEqual(MEMORY_LIMIT);
  });

  test("in repair, also where nothing else is read from another copy", async () => {
    const path = join(side.path, "bundle.tar.gz");
    await using file = await open(path, "r+");
    await file.write(Buffer.from("damaged"), 0, 7, 3);
    expect(peakOf("repair", await bundle("repair", path))).toBeLessThanOrEqual(MEMORY_LIMIT);
  });

  test("in install into a store", async () => {
    const store = await side.directory("store");
    await using server = await startOllamaStandIn({ models: store });
    const into = ["--models-in", "native", "--store", store, "--ollama-url", server.url];
    const installed = await bundle("install", "bundle.tar.gz", ...into);
    expect(peakOf("install --models-in native", installed)).toBeLessThanOrEqual(MEMORY_LIMIT);
  });

  function bundle(...args: readonly string[]): Promise<CommandResult> {
    return bundleSucceeds(args, { home: side.path });
  }
});
