import { lstatSync, readdirSync, utimesSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeTinyModels } from "../../support/tiny-models.ts";
import { type Damage, damageStore } from "../../support/tiny-models/damage-store.ts";
import { writeRecordedBigModel } from "./recorded-big-model.ts";

const FIRST_TIME = Date.parse("2026-01-02T03:04:05Z");

/** Brings a store into the state that a recording was made in. */
export async function makeRecordedStore(
  store: string,
  recording: { readonly name: string; readonly store: string },
): Promise<void> {
  await mkdir(store, { recursive: true });
  const { store: state } = recording;
  if (!state.startsWith("tiny models") && !state.startsWith("full")) return;
  await writeTinyModels(store);
  if (state.startsWith("full")) await writeRecordedBigModel(store);
  const [, damage] = /^damaged\.([^.]+)\./.exec(recording.name) ?? [];
  if (damage !== undefined) await damageStore(store, damage as Damage);
  setManifestTimes(store);
}

/** Copies healthy models into the store of a running server. */
export async function dropInTinyModels(store: string): Promise<void> {
  await writeTinyModels(store);
  setManifestTimes(store);
}

/** In path order, a minute apart, as the recorder did; links are left alone. */
function setManifestTimes(store: string): void {
  const files = readdirSync(path.join(store, "manifests"), { recursive: true, withFileTypes: true })
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => lstatSync(file).isFile())
    .sort();
  for (const [index, file] of files.entries()) {
    const time = new Date(FIRST_TIME + index * 60_000);
    utimesSync(file, time, time);
  }
}
