import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findNativeStore } from "../../../src/install/store/find-native-store.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

interface FakeProcess {
  readonly words: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

/** A host as Linux shows it to this user: processes, the user's home, and that of Ollama's service. */
async function linuxHost(processes: Readonly<Record<string, FakeProcess>> = {}) {
  const directory = await temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  const [proc, home, serviceHome] = [at("proc"), at("home"), at("service")];
  await mkdir(join(proc, "self/ns"), { recursive: true });
  await symlink("mnt:[1]", join(proc, "self/ns/mnt"));
  await writeFile(join(proc, "version"), "");
  for (const [pid, { words, variables, namespace = "mnt:[1]" }] of Object.entries(processes)) {
    await mkdir(join(proc, pid, "ns"), { recursive: true });
    await symlink(namespace, join(proc, pid, "ns/mnt"));
    const entries = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(proc, pid, "cmdline"), words.map((word) => `${word}\0`).join(""));
    await writeFile(join(proc, pid, "environ"), entries.map((word) => `${word}\0`).join(""));
  }
  return {
    home,
    serviceHome,
    find: (env: Readonly<Record<string, string>> = {}) =>
      findNativeStore({ env: { HOME: home, ...env }, platform: "linux", proc, serviceHome }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

const serve = ["/usr/local/bin/ollama", "serve"];

test("the store of the server that runs, whatever else there is", async () => {
  await using host = await linuxHost({
    7: { words: ["/bin/sh"], variables: { OLLAMA_MODELS: "/shell" } },
    8: { words: ["ollama", "run", "tiny"], variables: { OLLAMA_MODELS: "/client" } },
    9: { words: serve, variables: { HOME: "/h", OLLAMA_MODELS: "/srv/Modèles für 模型" } },
  });
  await mkdir(join(host.home, ".ollama/models"), { recursive: true });
  expect(await host.find({ OLLAMA_MODELS: "/mine" })).toEqual({
    directory: "/srv/Modèles für 模型",
    because: expect.stringContaining("process 9"),
  });
});

test("without OLLAMA_MODELS it is in the home of the server's user", async () => {
  await using host = await linuxHost({ 9: { words: serve, variables: { HOME: "/home/ann" } } });
  expect(await host.find()).toMatchObject({ directory: "/home/ann/.ollama/models" });
});

test("a server in a container is none of this host", async () => {
  await using host = await linuxHost({
    9: { words: serve, variables: { OLLAMA_MODELS: "/opt/models" }, namespace: "mnt:[2]" },
  });
  expect(await host.find({ OLLAMA_MODELS: "/mine" })).toMatchObject({ directory: "/mine" });
});

test("without a server it is the one usual place that is there", async () => {
  await using host = await linuxHost();
  const service = join(host.serviceHome, ".ollama/models");
  await mkdir(service, { recursive: true });
  expect(await host.find()).toMatchObject({ directory: service });
});

test("several places, or none: refused, with what to add", async () => {
  await using host = await linuxHost();
  await expect(host.find()).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(/^Cannot tell where Ollama has its models on this host: /),
    hint: expect.stringContaining("--store DIR"),
  });
  const places = [host.home, host.serviceHome].map((home) => join(home, ".ollama/models"));
  for (const place of places) await mkdir(place, { recursive: true });
  const refused = host.find();
  for (const place of places) await expect(refused).rejects.toThrow(`"${place}"`);
});
