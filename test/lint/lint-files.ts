import { execFile } from "node:child_process";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { z } from "zod";

/** https://oxc.rs/docs/guide/usage/linter/output-formats */
const report = z.object({
  diagnostics: z.array(z.object({ code: z.string(), message: z.string(), filename: z.string() })),
});

/** What the project's lint rules say, as `rule: message`, of files that stand in a directory of their own. */
export async function lintFiles(
  files: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, readonly string[]>>> {
  await using project = await mkdtempDisposable(join(tmpdir(), "lint-"));
  for (const [path, text] of Object.entries({ "tsconfig.json": "{}", ...files })) {
    await mkdir(join(project.path, dirname(path)), { recursive: true });
    await writeFile(join(project.path, path), text);
  }
  const { diagnostics } = report.parse(JSON.parse(await runOxlint(project.path)));
  return Object.fromEntries(
    Object.keys(files).map((path) => [
      path,
      diagnostics
        .filter(({ filename }) => filename === path)
        .map(({ code, message }) => `${code}: ${message}`),
    ]),
  );
}

function runOxlint(cwd: string): Promise<string> {
  const program = resolve("node_modules/oxlint/bin/oxlint");
  const config = resolve("scripts/lint/oxlint.json");
  // The type-aware rules are a second program, which oxlint looks for beside the linted files and in PATH.
  const path = [resolve("node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const { promise, resolve: done } = Promise.withResolvers<string>();
  execFile(
    process.execPath,
    [program, "-c", config, "--format", "json", "src"],
    { cwd, env: { ...process.env, PATH: path } },
    (_, stdout) => done(stdout),
  );
  return promise;
}
