import { resolve } from "node:path";
import type { ChunkPool, Lease } from "../core/chunks/pool.ts";
import { shortId } from "../core/short-id.ts";
import { giveBack } from "../core/give-back.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import type { BundleFile } from "./bundle-file.ts";
import { type DamagedBundleError, damagedBundle } from "./damaged-bundle-error.ts";
import type { BundlePlace } from "./bundle-place.ts";
import { type BundleRun, type ContentPiece, pieceOf } from "./content-piece.ts";
import { type Finding, mergeFindings, nameOf } from "./finding.ts";
import type { ChunkSegment, Layout, Segment } from "./layout.ts";
import type { ModelsJson } from "./models-json.ts";
import { type OpenedBundle, openBundleFile } from "./open-bundle-file.ts";
import { ownersOf } from "./owners.ts";
import { readAhead } from "./read-ahead.ts";
import { type Window, expectationsOf, findingsOf, neededFinding, windowsOf } from "./windows.ts";

/** Windows or chunks that are being checked at a time: enough to keep the disk and every worker busy. */
const AHEAD = 4;

/**
 * A bundle on disk, opened by what its MODELS.json says. Everything else is only compared with the layout that follows from
 * it, so nothing of the archive's structure is ever parsed.
 */
export class BundleReader implements AsyncDisposable {
  readonly path: string;
  /** sha256 of SHA256SUMS, 64 hex digits. */
  readonly id: string;
  readonly manifest: ModelsJson;
  readonly layout: Layout;
  /** Bytes of the file as it is, or of the parts as they must be, which is not always what the layout asks for. */
  readonly fileSize: number;
  readonly #file: BundleFile;
  readonly #pool: ChunkPool | undefined;
  readonly #checked = new Set<Segment>();
  #owners: ReadonlyMap<string, readonly string[]> | undefined;
  #chunks: ReadonlyMap<string, readonly ChunkSegment[]> | undefined;

  private constructor(opened: OpenedBundle, pool: ChunkPool | undefined) {
    this.path = opened.file.path;
    this.manifest = opened.manifest;
    this.layout = opened.layout;
    this.id = opened.layout.id;
    this.fileSize = opened.file.size;
    this.#file = opened.file;
    this.#pool = pool;
  }

  /**
   * Reads the end of a bundle. A reader that was opened without workers can tell what is in the bundle and nothing more.
   * Throws {@link BundleError}: NOT_A_BUNDLE, NEWER_FORMAT, or DAMAGED with `findings` where not even MODELS.json can be read.
   */
  static async open(at: string | BundlePlace, pool?: ChunkPool): Promise<BundleReader> {
    const place = typeof at === "string" ? { kind: "file" as const, path: resolve(at) } : at;
    return new BundleReader(await openBundleFile(place), pool);
  }

  /** A bundle whose MODELS.json was found in another copy of it; closing the reader closes the file. */
  static of(opened: OpenedBundle, pool: ChunkPool): BundleReader {
    return new BundleReader(opened, pool);
  }

  /** The whole content of a file that is known to be small, checked as {@link content} does. */
  async bytes(path: string, options: WorkOptions = {}): Promise<Buffer> {
    const copies: Buffer[] = [];
    for await (const piece of this.content(path, options)) {
      using held = piece;
      copies.push(...held.runs.map((run) => Buffer.from(run)));
    }
    return Buffer.concat(copies);
  }

  /**
   * A file's content in order; every chunk is checked before it is yielded. Throws {@link BundleError} DAMAGED with the file and
   * the byte range.
   */
  async *content(path: string, { signal }: WorkOptions = {}): AsyncGenerator<ContentPiece> {
    const pool = this.#needPool();
    for await (const piece of readAhead(this.#chunksOf(path), { ahead: AHEAD, signal }, (segment) =>
      this.#openChunk(segment, pool),
    )) {
      yield piece;
    }
  }

  /** The bytes of the bundle in order, all checked before they are yielded. Throws {@link BundleError} for the first that is wrong. */
  async *runs({ signal, onProgress }: WorkOptions = {}): AsyncGenerator<BundleRun> {
    const pool = this.#needPool();
    const count = countBytes("bundle", this.layout.size, onProgress);
    const surplus = this.#surplus();
    if (surplus !== undefined) throw this.#damaged(surplus);
    for await (const run of readAhead(
      windowsOf(this.layout.segments),
      { ahead: AHEAD, signal },
      (each) => this.#openWindow(each, pool),
    )) {
      count(run.bytes.length);
      yield run;
    }
  }

  /**
   * Checks every byte that {@link content} has not checked yet. Throws {@link BundleError} for the first that is wrong; of files
   * that are not needed it returns what is wrong.
   */
  async checkRest(
    options: WorkOptions = {},
    isNeeded: (path: string) => boolean = () => true,
  ): Promise<Finding[]> {
    const rest = this.layout.segments.filter((segment) => !this.#checked.has(segment));
    const borne: Finding[] = [];
    for await (const { window, findings } of this.#checkSegments(rest, options)) {
      const finding = neededFinding(window, findings, isNeeded);
      if (finding !== undefined) throw this.#damaged(finding);
      borne.push(...findings);
    }
    const surplus = this.#surplus();
    if (surplus !== undefined) throw this.#damaged(surplus);
    return mergeFindings(borne);
  }

  /** Checks every byte of the bundle and returns everything that is wrong, in order. */
  async check(options: WorkOptions = {}): Promise<Finding[]> {
    const findings: Finding[] = [];
    for await (const found of this.#checkSegments(this.layout.segments, options))
      findings.push(...found.findings);
    const surplus = this.#surplus();
    return mergeFindings(surplus === undefined ? findings : [...findings, surplus]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }

  #chunksOf(path: string): readonly ChunkSegment[] {
    this.#chunks ??= Map.groupBy(
      this.layout.segments.filter((segment) => segment.kind === "chunk"),
      ({ file }) => file.path,
    );
    return this.#chunks.get(path) ?? [];
  }

  async *#checkSegments(
    segments: readonly Segment[],
    { signal, onProgress }: WorkOptions,
  ): AsyncGenerator<{ readonly window: Window; readonly findings: readonly Finding[] }> {
    const pool = this.#needPool();
    const count = countBytes(
      "bundle",
      segments.reduce((sum, { length }) => sum + length, 0),
      onProgress,
    );
    for await (const checked of readAhead(windowsOf(segments), { ahead: AHEAD, signal }, (each) =>
      this.#checkWindow(each, pool),
    )) {
      count(checked.window.length);
      yield checked;
    }
  }

  async #checkWindow(
    window: Window,
    pool: ChunkPool,
  ): Promise<{ window: Window; findings: Finding[] }> {
    using lease = await pool.lease();
    return { window, findings: await this.#findingsIn(window, lease, pool) };
  }

  async #openWindow(window: Window, pool: ChunkPool): Promise<BundleRun> {
    const lease = await pool.lease();
    try {
      const [finding] = await this.#findingsIn(window, lease, pool);
      if (finding !== undefined) throw this.#damaged(finding);
      const bytes = lease.bytes.subarray(0, window.length);
      return { bytes, [Symbol.dispose]: () => lease[Symbol.dispose]() };
    } catch (error) {
      lease[Symbol.dispose]();
      throw error;
    }
  }

  /** Reads a window into the leased buffer. */
  async #findingsIn(window: Window, lease: Lease, pool: ChunkPool): Promise<Finding[]> {
    const expected = expectationsOf(window);
    const extents = this.#file.extents(window.offset, window.length);
    const damages = await this.#file.readBy(
      extents,
      pool.run("checkWindow", lease, { extents, expected }),
    );
    for (const each of expected) if (each.kind === "literal") giveBack(each.bytes);
    return damages.length === 0 ? [] : findingsOf(window, damages, this.#ownersOfFiles());
  }

  async #openChunk(segment: ChunkSegment, pool: ChunkPool): Promise<ContentPiece> {
    const lease = await pool.lease();
    try {
      const { size, chunk } = segment;
      const extents = this.#file.extents(segment.offset, segment.length);
      const result = await this.#file.readBy(
        extents,
        pool.run("openChunk", lease, { extents, size, chunk }),
      );
      if ("damage" in result) {
        const { start, end, how } = result.damage;
        throw this.#damaged({
          start: segment.offset + start,
          end: segment.offset + end,
          what: nameOf(segment, this.#ownersOfFiles()),
          how,
        });
      }
      this.#checked.add(segment);
      return pieceOf(lease, result.runs);
    } catch (error) {
      lease[Symbol.dispose]();
      throw error;
    }
  }

  /** Worked out only for a bundle that is damaged. */
  #ownersOfFiles(): ReadonlyMap<string, readonly string[]> {
    return (this.#owners ??= ownersOf(this.manifest));
  }

  #surplus(): Finding | undefined {
    const [start, end] = [this.layout.size, this.fileSize];
    const what = "what follows the end of the bundle";
    return end > start ? { start, end, what, how: "surplus" } : undefined;
  }

  #needPool(): ChunkPool {
    if (this.#pool === undefined) throw new Error("this bundle was opened without workers");
    return this.#pool;
  }

  #damaged(finding: Finding): DamagedBundleError {
    return damagedBundle(this.path, [finding], {
      name: `${this.manifest.name} (${shortId(this.id)})`,
      parts: this.#file.partsWith(finding),
    });
  }
}
