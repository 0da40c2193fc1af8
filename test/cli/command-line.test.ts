import { spawnSync } from "node:child_process";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { runBundle } from "./run-bundle.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

test("--help is on stdout, shows the main job, and says that both names are the same program", async () => {
  const { exitCode, stdout, stderr } = await runBundle(["--help"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toContain("bundle create --models llama3.2,gemma:2b");
  expect(stdout).toContain("`ollama-bundle` are the same program");
});

test.each(["verify", "inspect", "health"])("%s --help has an example", async (command) => {
  const { exitCode, stdout } = await runBundle([command, "--help"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Example:\n  bundle ${command}`, "m"));
});

test("without a command the help is an error", async () => {
  const { exitCode, stdout, stderr } = await runBundle([]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain("Usage: bundle");
});

test("--version is that of package.json", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  expect(await runBundle(["--version"])).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
});

test.each([
  { args: ["verfy"], says: "unknown command 'verfy' (Did you mean verify?)", help: "--help" },
  { args: ["verify", "--jsn"], says: "unknown option '--jsn'", help: "verify --help" },
  { args: ["inspect"], says: "missing required argument 'file'", help: "inspect --help" },
  { args: ["health", "a", "b"], says: "too many arguments", help: "health --help" },
  { args: ["health", "--health-timeout", "soon"], says: "'soon'", help: "health --help" },
  { args: ["health", "--health-timeout", "0"], says: "number of seconds", help: "health --help" },
])("$args is a usage error that says where help is", async ({ args, says, help }) => {
  const { exitCode, stdout, stderr } = await runBundle(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  const [error, hint] = stderr.trim().split("\n");
  expect(error).toMatch(/^error: Cannot understand the command line: /);
  expect(error).toContain(says);
  expect(hint).toBe(`hint: Run \`bundle ${help}\`.`);
});

test.each([
  { args: ["install", "x.tar.gz", "--models-in", "native", "--store", ""], what: "--store" },
  { args: ["create", "--models", "a", "--since", "a.tar.gz", "--since", ""], what: "--since" },
  { args: ["staging", "prune", "--staging", ""], what: "--staging" },
  { args: ["verify", ""], what: "a file or directory that is called" },
])("$args is refused: an empty path would be the current directory", async ({ args, what }) => {
  await using directory = await temporaryDirectory();
  const { exitCode, stderr } = await runBundle(args, { cwd: directory.path });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    new RegExp(`^error: Cannot use ${what} "": it is empty\nhint: .*variable`),
  );
});

test("a usage error with --json is one JSON document on stdout", async () => {
  const { exitCode, stdout } = await runBundle(["inspect", "--json"]);
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: "USAGE",
      message: expect.stringContaining("missing required argument 'file'"),
      hint: "Run `bundle inspect --help`.",
    },
  });
});

test("hints use the name that was typed", async () => {
  await using directory = await temporaryDirectory();
  const link = join(directory.path, "ollama-bundle");
  await symlink(MAIN, link);
  const { stderr } = await runBundle(["inspect"], { program: link });
  expect(stderr).toContain("hint: Run `ollama-bundle inspect --help`.");
});

test("a Node that is too old is told which is needed", async () => {
  const old = `Object.defineProperty(process.versions, "node", { value: "18.20.4" })`;
  const { exitCode, stderr } = await runBundle(["--help"], {
    nodeOptions: ["--import", `data:text/javascript,${encodeURIComponent(old)}`],
  });
  const { engines } = JSON.parse(await readFile("package.json", "utf8"));
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `error: ollama-bundle needs Node ${engines.node.replace(">=", "")} or newer, and this is Node 18.20.4\n`,
  );
});

test("in a directory that was removed it says so, before any thread fails for it", async () => {
  await using directory = await temporaryDirectory();
  const script = `cd "$1" && rmdir "$1" && shift && exec "$@"`;
  const here = join(directory.path, "removed");
  await mkdir(here);
  const command = [process.execPath, MAIN, "verify", "/any/bundle.tar.gz"];
  const { status, stderr } = spawnSync("sh", ["-c", script, "sh", here, ...command], {
    encoding: "utf8",
  });
  expect(status).toBe(7);
  expect(stderr).toMatch(/^error: Cannot work here: the current directory no longer exists$/m);
});
