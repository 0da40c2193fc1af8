import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A `node` of this machine that is too old for this program, if there is one; its version is below 22. */
export function findOldNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders
    .map((folder) => join(folder, "node"))
    .find((node) => existsSync(node) && majorVersion(node) < 22);
}

function majorVersion(node: string): number {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)\./.exec(version)?.[1]);
}
