import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { formatCount } from "../../core/format-count.ts";
import { CHUNK_SIZE } from "../../core/chunks/chunk.ts";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { BundleError, HostError, messageOf } from "../../core/errors.ts";
import { openLeftover, readAll, syncDirectory, writeAll } from "../../core/files.ts";
import { type WorkOptions, countBytes } from "../../core/progress.ts";
import { readBack } from "../../core/read-back.ts";
import { PARTIAL_SUFFIX } from "../output/output-file.ts";
import type { CopyItem } from "./cargo.ts";
import { copyError } from "./copy-error.ts";
import { type Medium, assertSameMedium } from "./medium.ts";

export interface CopyWork extends WorkOptions {
  readonly pool: ChunkPool;
}

export interface Copied {
  /** Bytes that were written: fewer than the item has where an interrupted copy was taken up. */
  readonly written: number;
  /** Whether it was read back from the medium itself. */
  readonly isDirect: boolean;
}

/** Bytes after which the medium is waited for: else progress would tell of the memory, and the end would take minutes. */
const SYNC_EVERY = 8 * CHUNK_SIZE;

/**
 * Copies an item to a medium: written beside its final name, synced, read back and compared, and only then named. Takes up what
 * an interrupted copy left there. Throws {@link HostError} for a medium that fails, {@link BundleError} for an item that is
 * not what its sum says.
 */
export async function copyItem(item: CopyItem, medium: Medium, work: CopyWork): Promise<Copied> {
  const path = join(medium.directory, item.name);
  const partial = `${path}${PARTIAL_SUFFIX}`;
  try {
    await assertSameMedium(medium);
    const { sha256, written } = await writePartial(item, partial, work);
    await assertSum(item, sha256, partial);
    const back = await readBack(partial, work.pool, {
      ...work,
      called: `${item.name}, read back`,
    });
    if (back.sha256 !== sha256) throw await wornOut(item, medium, partial);
    await assertSameMedium(medium);
    await rename(partial, path);
    await syncDirectory(medium.directory);
    return { written, isDirect: back.isDirect };
  } catch (error) {
    throw copyError(error, item, medium);
  }
}

async function writePartial(
  item: CopyItem,
  partial: string,
  work: CopyWork,
): Promise<{ readonly sha256: string; readonly written: number }> {
  await using source = await openSource(item);
  await using target = await openLeftover(partial);
  const outcome = await copyContent(item, { source, target }, work);
  await target.truncate(item.bytes);
  await target.sync();
  return outcome;
}

interface Files {
  readonly source: FileHandle;
  readonly target: FileHandle;
}

async function copyContent(
  item: CopyItem,
  { source, target }: Files,
  { pool, signal, onProgress }: CopyWork,
): Promise<{ readonly sha256: string; readonly written: number }> {
  const there = (await target.stat()).size;
  const hash = pool.sequentialHash();
  const count = countBytes(item.name, item.bytes, onProgress);
  let written = 0;
  for (let at = 0; at < item.bytes; at += CHUNK_SIZE) {
    signal?.throwIfAborted();
    using lease = await pool.lease();
    const bytes = lease.bytes.subarray(0, Math.min(CHUNK_SIZE, item.bytes - at));
    await readSource(item, source, { bytes, at });
    const isThere = at + bytes.length <= there && (await holds(target, bytes, { at, pool }));
    const write = isThere ? undefined : writeAll(target, bytes, at);
    await Promise.all([hash.updateRuns([bytes]), write]);
    if (!isThere) written += bytes.length;
    if (!isThere && written % SYNC_EVERY === 0) await target.datasync();
    count(bytes.length);
  }
  return { sha256: await hash.digest(), written };
}

/** Whether an interrupted copy already wrote these bytes. */
async function holds(
  target: FileHandle,
  bytes: Buffer,
  { at, pool }: { readonly at: number; readonly pool: ChunkPool },
): Promise<boolean> {
  using lease = await pool.lease();
  const found = lease.bytes.subarray(0, bytes.length);
  return (await readAll(target, found, at)) === bytes.length && found.equals(bytes);
}

async function openSource({ called, path }: CopyItem): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    throw new HostError("IO", `Cannot copy ${called}: ${messageOf(cause)}`, { cause });
  }
}

async function readSource(
  { called, path, bytes: size }: CopyItem,
  source: FileHandle,
  { bytes, at }: { readonly bytes: Buffer; readonly at: number },
): Promise<void> {
  let read: number;
  try {
    read = await readAll(source, bytes, at);
  } catch (cause) {
    const range = `bytes ${formatCount(at)} to ${formatCount(at + bytes.length - 1)}`;
    throw new HostError(
      "IO",
      `Cannot copy ${called}: "${path}" cannot be read (${range}): ${messageOf(cause)}`,
      { cause, hint: "See that its medium is still in; run `bundle verify` on it." },
    );
  }
  if (read === bytes.length) return;
  throw new BundleError(
    "DAMAGED",
    `Cannot copy ${called}: "${path}" ends after ${formatCount(at + read)} bytes, expected ${formatCount(size)}`,
    { hint: "See that nothing writes there, and type the same again." },
  );
}

async function assertSum(item: CopyItem, sha256: string, partial: string): Promise<void> {
  const { called, path, sha256: expected = sha256 } = item;
  if (sha256 === expected) return;
  await rm(partial, { force: true });
  throw new BundleError(
    "DAMAGED",
    `Cannot copy ${called}: "${path}" is damaged: its sha256 is ${sha256}, expected ${expected}`,
    { hint: "Run `bundle verify` on it, and bring it again." },
  );
}

async function wornOut(
  { called }: CopyItem,
  { directory }: Medium,
  partial: string,
): Promise<HostError> {
  await rm(partial, { force: true });
  return new HostError(
    "IO",
    `Cannot copy ${called} to "${directory}": what was read back is not what was written`,
    { hint: "Take another medium: this one, or what it is plugged into, cannot be relied on." },
  );
}
