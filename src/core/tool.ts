import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const packageJson = z.object({
  name: z.string(),
  version: z.string(),
  engines: z.object({ node: z.string() }),
});

/** Where this program's package.json is: two folders up from here in src/core/ and in dist/lib/ alike. */
export const TOOL_DIRECTORY = fileURLToPath(new URL("../../", import.meta.url));

/** This program, as package.json names it. */
export const TOOL = packageJson.parse(
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")),
);
