import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { runBundle } from "./support/bundle-command.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

test("a full disk behind standard output is said without a stack trace: exit code 7", async () => {
  const command = `exec "${process.execPath}" "${MAIN}" --help > /dev/full`;
  const failed = promisify(execFile)("sh", ["-c", command]);
  await expect(failed).rejects.toMatchObject({
    code: 7,
    stderr: expect.stringMatching(/^error: Cannot write the output: ENOSPC[^\n]*\n$/),
  });
});

test("a named pipe is no bundle, and is not waited for: exit code 4", async () => {
  await using home = await temporaryDirectory();
  await promisify(execFile)("mkfifo", [join(home.path, "pipe")]);
  const { exitCode, stderr } = await runBundle(["verify", "pipe"], { home: home.path });
  expect(exitCode).toBe(4);
  expect(stderr).toContain('pipe" is not a bundle: it is not a regular file');
});

test("a staging volume below a link to nowhere is named: exit code 7", async () => {
  await using home = await temporaryDirectory();
  await symlink("/nowhere/at/all", join(home.path, "link"));
  const where = ["--staging", join(home.path, "link", "staging")];
  const what = ["--models", "tiny", "--image", "none", "--model-registry", "http://127.0.0.1:1"];
  const { exitCode, stderr } = await runBundle(["create", ...what, ...where], { home: home.path });
  expect(exitCode).toBe(7);
  expect(stderr).toContain(`"${join(home.path, "link", "staging")}"`);
});

test("a password in a name that cannot be read is not printed", async () => {
  await using home = await temporaryDirectory();
  const what = ["--models", "tiny", "--image", "user:secret@127.0.0.1:5000/x"];
  const { exitCode, stdout, stderr } = await runBundle(["create", ...what], { home: home.path });
  expect(exitCode).toBe(2);
  expect(stdout + stderr).not.toContain("secret");
});
