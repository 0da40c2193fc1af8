import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly engines: { readonly node: string };
}

/** Where this program's package.json is: two folders up from here in src/core/ and in dist/lib/ alike. */
export const TOOL_DIRECTORY = fileURLToPath(new URL("../../", import.meta.url));

/** This program, as package.json names it: a file of its own, which needs no check. */
export const TOOL = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as PackageJson;
