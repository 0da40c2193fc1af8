import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PieceLog, readPieces } from "../../src/staging/piece-log.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { testContent } from "./test-content.ts";

const { sha256 } = testContent(1);

test("a line that a killed process left unfinished spoils neither those before nor the next", async () => {
  await using dir = await temporaryDirectory();
  const path = join(dir.path, "log");
  for (const [index, torn] of ['{"index":7,"sh', "", "nonsense\n{}"].entries()) {
    await using log = await PieceLog.open(path);
    expect([...log.finished.keys()]).toEqual(Array.from({ length: index }, (_, at) => at));
    await log.add(index, sha256);
    await appendFile(path, torn);
  }
  const pieces = await readPieces(path);
  expect([...pieces]).toEqual([0, 1, 2].map((index) => [index, sha256]));
});
