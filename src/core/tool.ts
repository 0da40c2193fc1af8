import { readFileSync } from "node:fs";
import { z } from "zod";

const packageJson = z.object({
  name: z.string(),
  version: z.string(),
  engines: z.object({ node: z.string() }),
});

/** This program, as package.json names it; the file lies two folders up from here in src/ and in dist/ alike. */
export const TOOL = packageJson.parse(
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")),
);
