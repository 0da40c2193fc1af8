import { randomBytes } from "node:crypto";
import { tarOf } from "../../src/core/tar.ts";
import type { Engine } from "../../src/engine/engine.ts";

export interface BuiltImage extends AsyncDisposable {
  /** Fully qualified, of a name that no other test has. */
  readonly reference: string;
}

export interface ImageContent {
  /** After `FROM scratch`; copies what `files` holds. */
  readonly instructions: readonly string[];
  readonly files: Readonly<Record<string, Buffer>>;
}

/** Builds an image from nothing on an engine, and removes it at the end of the test. */
export async function builtImage(
  engine: Engine,
  { instructions, files }: ImageContent,
  reference = `docker.io/library/ollama-bundle-test:${uniqueName()}`,
): Promise<BuiltImage> {
  const dockerfile = Buffer.from(["FROM scratch", ...instructions, ""].join("\n"));
  const entries = Object.entries({ ...files, Dockerfile: dockerfile });
  const context = tarOf(entries.map(([path, content]) => ({ path, content, mode: 0o755 })));
  const spec = { context, dockerfile: "Dockerfile", target: "", args: {}, labels: {} };
  await engine.build({ ...spec, tag: reference }, {});
  return { reference, [Symbol.asyncDispose]: () => engine.removeImage(reference) };
}

export function uniqueName(): string {
  return `t${randomBytes(6).toString("hex")}`;
}
