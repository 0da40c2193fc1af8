import { expect, test } from "vitest";
import { lintFiles } from "./lint-files.ts";

test.each([
  {
    what: "a promise that nobody waits for",
    code: `Promise.resolve(1);`,
    rule: "no-floating-promises",
  },
  { what: "a default export", code: `export default 1;`, rule: "no-default-export" },
  {
    what: "an assertion that hides undefined",
    code: `export const a = process.argv[2]!;`,
    rule: "no-non-null-assertion",
  },
  { what: "any", code: `export let a: any;`, rule: "no-explicit-any" },
  { what: "printing from below the command line", code: `console.log(1);`, rule: "no-console" },
])("refuses $what", async ({ code, rule }) => {
  const found = await lintFiles({ "src/core/a.ts": code });
  expect(found["src/core/a.ts"]).toContainEqual(expect.stringContaining(`(${rule}): `));
});

test("refuses a file name that is not kebab-case", async () => {
  const found = await lintFiles({ "src/core/someThing.ts": `export const a = 1;` });
  expect(found["src/core/someThing.ts"]).toEqual([
    "unicorn(filename-case): Filename should be in kebab-case",
  ]);
});

test("lets the command line print", async () => {
  const found = await lintFiles({ "src/cli/print.ts": `console.log(1);` });
  expect(found["src/cli/print.ts"]).toEqual([]);
});
