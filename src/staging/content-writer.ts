import { sha256Hex } from "../core/digest.ts";
import { SourceError } from "../core/errors.ts";
import type { HashPlan, HashedContent } from "./content-hasher.ts";
import { onDisk } from "./on-disk.ts";
import { SpilledContent } from "./spilled-content.ts";
import type { StagedFile } from "./staged-file.ts";
import type { StagingContext } from "./staging-context.ts";
import { openTemporary, writeTemporary } from "./whole-file.ts";

/** Content up to this size stays in memory until it is committed, without a buffer of the pool. Bytes. */
const SMALL_CONTENT = 256 * 1024;

export interface WriterContext extends StagingContext {
  /** Moves a finished file to its place. */
  readonly keep: (temporary: string, content: HashedContent) => Promise<StagedFile>;
}

/**
 * Takes content whose digest is not known before, in order. Whoever has large content in several writers at once must not
 * fill them by turns from one loop: each holds a buffer of the pool.
 */
export class ContentWriter implements AsyncDisposable {
  readonly #context: WriterContext;
  readonly #plan: HashPlan;
  readonly #small: Buffer[] = [];
  #spilled: SpilledContent | undefined;
  #size = 0;

  constructor(context: WriterContext, plan: HashPlan = {}) {
    this.#context = context;
    this.#plan = plan;
  }

  /** Bytes that were written so far. */
  get size(): number {
    return this.#size;
  }

  /** Copies the bytes; resolves when more may come. Throws {@link HostError} when the disk refuses. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    if (this.#spilled === undefined && this.#size <= SMALL_CONTENT) {
      this.#small.push(Buffer.from(bytes));
      return;
    }
    await onDisk(this.#context.paths.root, async () => {
      this.#spilled ??= await this.#spill();
      await this.#spilled.write(bytes);
    });
  }

  /**
   * Ends the content and gives it its place in the volume. Throws {@link SourceError} `WRONG_CONTENT` when it is not what was
   * expected; `label` names it there.
   */
  async commit({
    expected,
  }: { expected?: { sha256: string; label?: string | undefined } } = {}): Promise<StagedFile> {
    return onDisk(this.#context.paths.root, async () => {
      const content =
        this.#spilled === undefined ? this.#hashSmall() : await this.#spilled.finish();
      if (expected !== undefined && expected.sha256 !== content.sha256) {
        throw new SourceError(
          "WRONG_CONTENT",
          `Cannot stage ${expected.label ?? "content"}: its ${this.#size} bytes hash to sha256:${content.sha256}, expected sha256:${expected.sha256}`,
        );
      }
      const temporary =
        this.#spilled?.path ??
        (await writeTemporary(this.#context.paths, Buffer.concat(this.#small)));
      return this.#context.keep(temporary, content);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spilled?.[Symbol.asyncDispose]();
  }

  #hashSmall(): HashedContent {
    const bytes = Buffer.concat(this.#small);
    const sha256 = sha256Hex(bytes);
    return { sha256, chunks: bytes.length === 0 ? [] : [sha256] };
  }

  async #spill(): Promise<SpilledContent> {
    const { pool, paths } = this.#context;
    const spilled = new SpilledContent(pool, await openTemporary(paths), this.#plan);
    for (const bytes of this.#small.splice(0)) await spilled.write(bytes);
    return spilled;
  }
}
