import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/core/digest.ts";
import { TAR_END_SIZE, tarHeader, tarPadding } from "../../src/core/tar-header.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const run = promisify(execFile);
const mtime = 315_532_800;

describe("a tar header", () => {
  test.each([
    "short.txt",
    `${"n".repeat(64)}/image/blobs/sha256/${"a".repeat(64)}`,
    `name/models/manifests/${"h".repeat(350)}/${"n".repeat(80)}/${"m".repeat(80)}/${"t".repeat(80)}`,
  ])("is read by stock tar as it was meant: %s", async (path) => {
    await using directory = await temporaryDirectory();
    const content = Buffer.from("content");
    const parts = [
      tarHeader({ path, size: content.length, mode: 0o644, mtime }),
      content,
      Buffer.alloc(tarPadding(content.length) + TAR_END_SIZE),
    ];
    await writeFile(join(directory.path, "x.tar"), Buffer.concat(parts));
    const { stdout } = await run("tar", ["-tvf", "x.tar", "--numeric-owner", "--utc"], {
      cwd: directory.path,
    });
    expect(stdout).toBe(`-rw-r--r-- 0/0               7 1980-01-01 00:00 ${path}\n`);
  });

  test("holds a size that eleven octal digits cannot", async () => {
    await using directory = await temporaryDirectory();
    await writeFile(
      join(directory.path, "x.tar"),
      tarHeader({ path: "weights", size: 40e9, mode: 0o644, mtime }),
    );
    const listing = await run("tar", ["-tvf", "x.tar"], { cwd: directory.path }).catch(
      (error: { stdout: string }) => error,
    );
    expect(listing.stdout).toContain(" 40000000000 ");
  });

  test("never changes a byte, since digests in the field depend on it", () => {
    const long = `name/models/manifests/${"h".repeat(300)}/n/m/t`;
    const headers = [
      tarHeader({ path: "a/b", size: 5, mode: 0o644, mtime }),
      tarHeader({ path: "a/", size: 0, mode: 0o755, mtime: 0 }),
      tarHeader({ path: long, size: 9e9, mode: 0o644, mtime }),
    ];
    expect(sha256Hex(Buffer.concat(headers))).toBe(
      "2af4c563829fb9d2739e307668a73ea5546002a1e69a26e8e86e2d4c47609ffe",
    );
  });
});
