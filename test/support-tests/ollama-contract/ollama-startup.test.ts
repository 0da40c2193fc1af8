import {
  lutimes,
  mkdir,
  mkdtempDisposable,
  readdir,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { startOllamaStandIn } from "../../support/ollama-stand-in/start-ollama-stand-in.ts";
import { settingsFromEnvironment } from "../../support/ollama-stand-in/settings.ts";
import { writeTinyModels } from "../../support/tiny-models.ts";
import { recordings, type StartRecording, type StoreEntry } from "./recording.ts";

/** Recordings that are not replayed here, with the reason. Keep it short. */
const NOT_REPLAYED: Readonly<Record<string, string>> = {
  "log.offline.cloud-on": "log texts: the stand-in writes those that matter, not these words",
  "log.offline.no-cloud": "log texts: the stand-in writes those that matter, not these words",
  "slow-prune.connects-but-does-not-answer": "times: see ollama-signals.test.ts for the behaviour",
  "read-only-store": "needs a mount: see ollama-read-only.test.ts",
  "read-only-store.old-unnamed-blob": "needs a mount: see ollama-read-only.test.ts",
  "read-only-store.empty-manifest-directory": "needs a mount: see ollama-read-only.test.ts",
  "read-only-store.empty-manifest-directory.noprune": "needs a mount: see ollama-read-only.test.ts",
};

const HOUR_MS = 3_600_000;
const all = recordings<StartRecording>("ollama-startup");

describe("a starting stand-in does to its store what Ollama 0.24.0 was recorded to do", () => {
  test("leaves out only recordings that exist", () => {
    const names = all.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(NOT_REPLAYED)));
  });

  test.each(all.filter(({ name }) => !(name in NOT_REPLAYED)))(
    "$name: $about",
    async (recording) => {
      await using directory = await mkdtempDisposable(path.join(tmpdir(), "ollama-startup-"));
      const store = path.join(directory.path, "models");
      await makeStore(store, recording);
      const before = await entriesOf(store);
      const settings = { ...settingsFromEnvironment(recording.env ?? {}), models: store };
      await using server = await startOllamaStandIn(settings);
      const { models } = JSON.parse(await (await fetch(`${server.url}/api/tags`)).text());
      const after = await entriesOf(store);
      expect({
        removed: before.filter((entry) => !after.includes(entry)),
        added: after.filter((entry) => !before.includes(entry)),
        listed: models.map((model: { readonly name: string }) => model.name).sort(),
      }).toEqual({
        removed: recording.removed.toSorted(),
        added: recording.added.toSorted(),
        listed: recording.listedAfterwards?.toSorted(),
      });
    },
  );
});

/** The recorded entries, filled with what the tiny models hold under these names. */
async function makeStore(store: string, recording: StartRecording): Promise<void> {
  const source = `${store}.source`;
  await writeTinyModels(source);
  await mkdir(store);
  for (const entry of recording.storeBefore ?? []) {
    const file = path.join(store, entry.path);
    if (entry.path.endsWith("/")) await mkdir(file);
    else if (entry.link !== undefined) await symlink(path.join(source, healthyPath(entry)), file);
    else await writeFile(file, contentOf(entry, recording, source));
    if (entry.size !== undefined) await truncate(file, entry.size);
    if (entry.ageHours !== undefined) await setAge(file, entry.ageHours);
  }
}

function contentOf(entry: StoreEntry, { name }: StartRecording, source: string): string | Buffer {
  if (entry.path.includes("/broken/")) return '{"schemaVersion":';
  const content = readOrEmpty(path.join(source, healthyPath(entry)));
  const isDashed = name === "digests-with-dash" && entry.path.endsWith("/tiny/latest");
  return isDashed ? content.toString().replaceAll("sha256:", "sha256-") : content;
}

/** The same file where nothing is odd about its name. */
function healthyPath({ path: file }: StoreEntry): string {
  return file.replace("sha256:", "sha256-").replace(/[0-9A-F]{64}$/, (hex) => hex.toLowerCase());
}

function readOrEmpty(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

async function setAge(file: string, hours: number): Promise<void> {
  const time = new Date(Date.now() - hours * HOUR_MS);
  await lutimes(file, time, time);
}

async function entriesOf(store: string): Promise<string[]> {
  const entries = await readdir(store, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => {
      const file = path.relative(store, path.join(entry.parentPath, entry.name));
      return entry.isDirectory() ? `${file}/` : file;
    })
    .sort();
}
