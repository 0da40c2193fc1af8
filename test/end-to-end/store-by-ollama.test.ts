import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { bundleSucceeds } from "./support/bundle-command.ts";
import { connectedSide } from "./support/connected-side.ts";

const SEVERAL_CHUNKS = 20 * 1024 * 1024;

test("a store in which Ollama pulled gives the same bundle as the registry it pulled from", async () => {
  await using side = await connectedSide([{ name: "big", size: SEVERAL_CHUNKS }]);
  const { host } = side.registry;
  const models = join(side.path, "ollama", "models");
  await mkdir(models, { recursive: true });
  await using ollama = await startOllamaStandIn({ models });
  const names = ["tiny", "tiny-embed", "big"].map((model) => `${host}/library/${model}:latest`);
  for (const model of names) {
    const body = JSON.stringify({ model, insecure: true, stream: false });
    const answer = await fetch(`${ollama.url}/api/pull`, { method: "POST", body });
    expect(await answer.json()).toEqual({ status: "success" });
  }
  const create = ["create", "--models", names.join(","), "--image", "none", "--name", "same"];
  const at = { home: side.path };
  const fromStore = ["--from-store", models, "--staging", "a", "-o", "store.tar.gz"];
  await bundleSucceeds([...create, ...fromStore], at);
  const fromRegistry = ["--insecure-registry", host, "--staging", "b", "-o", "registry.tar.gz"];
  await bundleSucceeds([...create, ...fromRegistry], at);
  const bundle = await readFile(join(side.path, "store.tar.gz"));
  expect(bundle.equals(await readFile(join(side.path, "registry.tar.gz")))).toBe(true);
});
