import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../core/errors.ts";
import type { OnProgress } from "../../core/progress.ts";
import { type Receipt, parseReceipt } from "../receipt.ts";
import { installationDirectory, stateDirectory } from "../state-directory.ts";

/** What this user installed on this host, the latest first. A receipt that cannot be read is told as a warning. */
export async function readReceipts(
  env: Readonly<NodeJS.ProcessEnv>,
  onProgress?: OnProgress,
): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = [];
  for (const installation of await installationsOf(env)) {
    const path = join(installationDirectory(env, installation), "receipt.json");
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const receipt = parseReceipt(text);
    if (receipt !== undefined) receipts.push(receipt);
    else onProgress?.({ kind: "warning", text: `The receipt "${path}" is not readable` });
  }
  return receipts.toSorted((a, b) => (a.finishedAt < b.finishedAt ? 1 : -1));
}

async function installationsOf(env: Readonly<NodeJS.ProcessEnv>): Promise<string[]> {
  try {
    return await readdir(join(stateDirectory(env), "installations"));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
