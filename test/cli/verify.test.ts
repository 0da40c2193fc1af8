import {
  appendFile,
  copyFile,
  mkdir,
  open,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ModelsJson } from "../../src/bundle/models-json.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { rewrittenBundle } from "../support/rewritten-bundle.ts";
import { writeSmallBundle } from "../support/small-bundle.ts";
import { writeSmallParts } from "../support/small-parts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { runBundle } from "./run-bundle.ts";

test("a whole bundle: exit code 0, with its id to be read out", async () => {
  await using directory = await temporaryDirectory();
  const { path, id, size } = await smallBundle(directory.path);
  const { exitCode, stdout } = await runBundle(["verify", path]);
  expect(exitCode).toBe(0);
  expect(stdout.split("\n")).toEqual([
    `${path} is whole: ${size.toLocaleString("en-US")} bytes, bundle small ${id.slice(0, 12)}`,
    "  image  docker.io/ollama/ollama:0.24.0",
    "  model  registry.ollama.ai/library/tiny:latest",
    "",
  ]);
});

test("without an argument it is the one bundle in the current directory", async () => {
  await using directory = await temporaryDirectory();
  const { path } = await smallBundle(directory.path);
  expect(await runBundle(["verify"], { cwd: directory.path })).toMatchObject({ exitCode: 0 });
  await copyFile(path, join(directory.path, "other.tar.gz"));
  const { exitCode, stderr } = await runBundle(["verify"], { cwd: directory.path });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/error: Cannot tell which bundle .* other\.tar\.gz, small\.tar\.gz\n/);
});

test("a damaged bundle: exit code 4, and every finding with its byte range", async () => {
  await using directory = await temporaryDirectory();
  const { path, id, size } = await smallBundle(directory.path);
  await flipByte(path, Math.floor(size / 2));
  await flipByte(path, 5);
  const { exitCode, stdout, stderr } = await runBundle(["verify", path]);
  expect(exitCode).toBe(4);
  const findings = stdout.trimEnd().split("\n");
  expect(findings).toHaveLength(2);
  for (const finding of findings)
    expect(finding).toMatch(/ is damaged \(bytes [\d,]+ to [\d,]+\)$/);
  expect(stderr).toContain(
    `error: Cannot use "${path}", bundle small (${id.slice(0, 12)}): ${findings[0]}\n`,
  );
  expect(stderr).toContain("hint: Copy the bundle again");
});

test.each<{ what: string; change: (of: ModelsJson) => Partial<ModelsJson>; says: string }>([
  {
    what: "a model's name that is none",
    change: ({ models }) => ({
      models: models.map((model) => ({
        ...model,
        name: "registry.ollama.ai/library/\u001b[31m:latest",
      })),
    }),
    says: "expected a model name in full",
  },
  {
    what: "a path that climbs",
    change: ({ files }) => ({ files: files.map((file) => ({ ...file, path: "../evil" })) }),
    says: '"../evil" is not a path that a bundle may hold',
  },
  {
    what: "model layers that its models do not make",
    change: () => ({ modelLayers: [] }),
    says: "it has 0 model layers, and its models make 2",
  },
])(
  "a MODELS.json with $what: verify, inspect and install say so once, with exit code 4",
  async ({ change, says }) => {
    await using directory = await temporaryDirectory();
    const { path } = await smallBundle(directory.path);
    const changed = rewrittenBundle(await readFile(path), (of) => ({ ...of, ...change(of) }));
    await writeFile(path, changed);
    const native = ["--models-in", "native", "--store", join(directory.path, "store")];
    for (const args of [
      ["verify", path],
      ["inspect", path],
      ["install", path, ...native],
    ]) {
      const { exitCode, stdout, stderr } = await runBundle(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
      expect(stderr.split(says)).toHaveLength(2);
      expect(stderr.split("MODELS.json")).toHaveLength(2);
      expect(stderr).toContain("hint: Copy the bundle again; if that does not help, create it");
    }
  },
);

test("--json has the findings and the error in one document", async () => {
  await using directory = await temporaryDirectory();
  const { path } = await smallBundle(directory.path);
  const whole = await runBundle(["verify", "--json", path]);
  expect(JSON.parse(whole.stdout)).toMatchObject({ isAcceptable: true, path, findings: [] });
  await appendFile(path, "surplus");
  const { exitCode, stdout } = await runBundle(["verify", "--json", path]);
  expect(exitCode).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({
    isAcceptable: false,
    path,
    findings: expect.arrayContaining([expect.objectContaining({ start: expect.any(Number) })]),
    error: { code: "DAMAGED", message: expect.any(String), hint: expect.any(String) },
  });
});

test.each<{ what: string; make: (path: string) => Promise<unknown>; exitCode: number }>([
  { what: "a file that is not there", make: async () => {}, exitCode: 2 },
  { what: "an empty file", make: (path) => writeFile(path, ""), exitCode: 4 },
  { what: "an empty directory", make: (path) => mkdir(path), exitCode: 2 },
  { what: "a text", make: (path) => writeFile(path, "hello\n".repeat(1000)), exitCode: 4 },
])("$what is no bundle, and is named", async ({ make, exitCode }) => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "some.tar.gz");
  await make(path);
  const ended = await runBundle(["verify", path]);
  expect(ended).toMatchObject({ exitCode, stdout: "" });
  expect(ended.stderr).toContain(path);
});

test("--log has the command, every event, the error with its stack, and the exit code, each with a time", async () => {
  await using directory = await temporaryDirectory();
  const { path, size } = await smallBundle(directory.path);
  const log = join(directory.path, "log.txt");
  await truncate(path, size - 1000);
  await runBundle(["verify", path, "--log", log]);
  await runBundle(["verify", "/no/such.tar.gz", "--log", log]);
  const lines = (await readFile(log, "utf8")).trimEnd().split("\n");
  const messages = lines.filter((line) => !line.startsWith("    "));
  for (const line of messages) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /);
  const text = lines.join("\n");
  expect(text).toContain(`command: ["verify",${JSON.stringify(path)}`);
  expect(text.match(/exit code: \d/g)).toEqual(["exit code: 4", "exit code: 2"]);
  expect(text).toMatch(/error: .*\n {4} +at .*\.ts:\d+/);
});

test("a log that cannot be written is an error before any work", async () => {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, "missing", "log.txt");
  const { exitCode, stderr } = await runBundle(["verify", "any.tar.gz", "--log", log]);
  expect(exitCode).toBe(7);
  expect(stderr).toContain(`error: Cannot write the log "${log}"`);
});

test("a log that takes no more is a warning, and the work goes on", async () => {
  await using directory = await temporaryDirectory();
  const { path } = await smallBundle(directory.path);
  const { exitCode, stdout, stderr } = await runBundle(["verify", path, "--log", "/dev/full"]);
  expect(exitCode).toBe(0);
  expect(stdout).not.toBe("");
  expect(stderr.match(/^warning: The log "\/dev\/full" is not complete: ENOSPC/gm)).toHaveLength(1);
});

async function smallBundle(directory: string) {
  const content = join(directory, "content");
  await mkdir(content);
  await using pool = new ChunkPool();
  const { path, ...written } = await writeSmallBundle(content, pool);
  const moved = join(directory, "small.tar.gz");
  await copyFile(path, moved);
  return { ...written, path: moved };
}

async function flipByte(path: string, at: number): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  await file.write(byte, 0, 1, at);
}

test("parts of which some are not here: those that are here are judged, exit code 4, and what to bring", async () => {
  await using directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  const { files, id } = await writeSmallParts(directory.path, pool);
  await rm(join(directory.path, "whole.tmp"));
  const whole = await runBundle(["verify", directory.path]);
  expect(whole).toMatchObject({ exitCode: 0, stderr: expect.any(String) });
  expect(whole.stdout).toMatch(/ is whole: [\d,]+ bytes in 7 parts, bundle small [0-9a-f]{12}\n/);
  for (const at of [1, 3, 4]) await rm(files[at] ?? "");
  await flipByte(files[5] ?? "", 5000);
  const { exitCode, stdout, stderr } = await runBundle(["verify", directory.path]);
  expect(exitCode).toBe(4);
  expect(stdout).toMatch(
    /^part 6 of 7 \(small\.tar\.gz\.006\) is damaged\n {2}"models\/blobs\/sha256-[0-9a-f]{64}" of .* \(bytes [\d,]+ to [\d,]+\) of the part\n$/,
  );
  expect(stderr).toContain(
    `, bundle small (${id.slice(0, 12)}): of 7 parts 1, 3 and 7 are fine, 2, 4 and 5 are not here, 6 is damaged\n`,
  );
  expect(stderr).toContain(
    "small.tar.gz.002, small.tar.gz.004, small.tar.gz.005, small.tar.gz.006\n",
  );
});
