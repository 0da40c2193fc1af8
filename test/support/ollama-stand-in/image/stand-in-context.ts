import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { tarOf } from "../../../../src/core/tar.ts";
import { DEFAULT_VERSION } from "../settings.ts";
import { sharedLibraries } from "./shared-libraries.ts";

interface ContextFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

/** Enough of a system for `docker exec`, a HEALTHCHECK and a look around; taken from this machine. */
const TOOLS = ["/bin/sh", "/usr/bin/env", "/bin/cat", "/bin/ls", "/bin/rm", "/usr/bin/sha256sum"];
const PROGRAM = path.dirname(import.meta.dirname);
const DOCKERFILE = path.join(PROGRAM, "../../../dockerfiles/ollama-stand-in/Dockerfile");

/** What the stand-in's image is built from, as a tar: some 150 MB, nearly all of it Node. */
export async function standInContext({ version = DEFAULT_VERSION } = {}): Promise<Buffer> {
  const system = await Promise.all([
    fromMachine(process.execPath, "base/usr/lib/ollama/node"),
    ...TOOLS.map((file) => fromMachine(file, `base${file}`)),
    ...sharedLibraries([process.execPath, ...TOOLS]).map((file) =>
      fromMachine(file, `base${file}`),
    ),
  ]);
  return tarOf([
    { path: "Dockerfile", content: await readFile(DOCKERFILE) },
    ...system,
    // Without it HOME would be "/": Ollama's is /root.
    text("base/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
    text("base/etc/group", "root:x:0:\n"),
    text("base/root/.profile", ""),
    text("base/tmp/.keep", ""),
    ...(await programFiles()),
    { ...text("program/bin/ollama", wrapper(version)), mode: 0o755 },
    { ...text("program/usr/bin/ollama", wrapper(version)), mode: 0o755 },
  ]);
}

function wrapper(version: string): string {
  const program = '/usr/lib/ollama/node /usr/lib/ollama/stand-in/main.ts "$@"';
  return `#!/bin/sh\nOLLAMA_STAND_IN_VERSION=${version} exec ${program}\n`;
}

async function programFiles(): Promise<ContextFile[]> {
  const entries = await readdir(PROGRAM, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.parentPath !== import.meta.dirname)
    .map((entry) => path.relative(PROGRAM, path.join(entry.parentPath, entry.name)))
    .sort();
  return Promise.all(
    files.map(async (file) => ({
      path: `program/usr/lib/ollama/stand-in/${file}`,
      mode: 0o644,
      content: await readFile(path.join(PROGRAM, file)),
    })),
  );
}

async function fromMachine(file: string, target: string): Promise<ContextFile> {
  return { path: target, mode: 0o755, content: await readFile(file) };
}

function text(target: string, content: string): ContextFile {
  return { path: target, mode: 0o644, content: Buffer.from(content) };
}
