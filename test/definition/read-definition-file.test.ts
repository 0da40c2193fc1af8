import { execFile, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readDefinitionFile } from "../../src/definition/read-definition-file.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

test("a definition that is no regular file is refused at once, by name", async () => {
  await using directory = await temporaryDirectory();
  const pipe = join(directory.path, "pipe.yaml");
  await promisify(execFile)("mkfifo", [pipe]);
  const refusal = (path: string, found: string) => ({
    exitCode: 2,
    message: `Cannot read the definition "${path}": it is ${found}`,
  });
  await expect(readDefinitionFile(pipe)).rejects.toMatchObject(refusal(pipe, "not a regular file"));
  await expect(readDefinitionFile("/dev/zero")).rejects.toMatchObject(
    refusal("/dev/zero", "not a regular file"),
  );
  await expect(readDefinitionFile(directory.path)).rejects.toMatchObject(
    refusal(directory.path, "a directory"),
  );
});

test("a definition of more than 1 MiB is refused without reading the rest of it", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "large.yaml");
  await writeFile(path, "models: [tiny]\n");
  await truncate(path, 8 * 1024 ** 4);
  await expect(readDefinitionFile(path)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining("it is larger than 1 MiB"),
  });
});

test("a standard input without end is refused after 1 MiB of it", () => {
  const zeros = openSync("/dev/zero", "r");
  const { status, stderr } = spawnSync(process.execPath, [MAIN, "create", "-f", "-"], {
    encoding: "utf8",
    stdio: [zeros, "pipe", "pipe"],
    timeout: 30_000,
  });
  closeSync(zeros);
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringContaining('"standard input": it is larger than 1 MiB'),
  });
});
