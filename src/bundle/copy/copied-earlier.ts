import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { makeDirectory, undefinedWhereMissing, writeFileWhole } from "../../core/files.ts";

/** This tool's own record; one that cannot be read is as good as none. */
const record = z.object({
  schemaVersion: z.literal(1),
  parts: z.array(z.object({ name: z.string(), to: z.string(), at: z.iso.datetime() })),
});

/** A part that is on a medium which was filled earlier. */
export type EarlierCopy = z.infer<typeof record>["parts"][number];

/**
 * Remembers on this machine which parts of a set are on media that were filled and taken out, so that the next medium gets the
 * next parts. Only a medium that was filled without a failure is remembered, and all is forgotten when no part is left.
 */
export class CopiedEarlier {
  readonly #path: string;
  #parts: readonly EarlierCopy[];

  private constructor(path: string, parts: readonly EarlierCopy[]) {
    this.#path = path;
    this.#parts = parts;
  }

  static async read(stateDirectory: string, setId: string): Promise<CopiedEarlier> {
    const path = join(stateDirectory, "copies", `${setId}.json`);
    const content = await readFile(path, "utf8").catch(undefinedWhereMissing);
    const parsed = record.safeParse(content === undefined ? undefined : jsonOf(content));
    return new CopiedEarlier(path, parsed.success ? parsed.data.parts : []);
  }

  get parts(): readonly EarlierCopy[] {
    return this.#parts;
  }

  async remember(copies: readonly EarlierCopy[]): Promise<void> {
    const names = new Set(copies.map(({ name }) => name));
    this.#parts = [...this.#parts.filter(({ name }) => !names.has(name)), ...copies];
    await makeDirectory(dirname(this.#path));
    const json = { schemaVersion: 1, parts: this.#parts };
    await writeFileWhole(this.#path, `${JSON.stringify(json, undefined, 2)}\n`);
  }

  async forget(): Promise<void> {
    this.#parts = [];
    await rm(this.#path, { force: true });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
