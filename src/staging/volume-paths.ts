import { join, resolve } from "node:path";
import { isSha256Hex, sha256Hex } from "../core/digest.ts";

/** Where things lie in a staging volume. */
export class VolumePaths {
  readonly root: string;
  readonly blobs: string;
  readonly records: string;
  readonly images: string;
  readonly items: string;
  readonly partial: string;
  readonly locks: string;
  /** On the same file system as all the others, so that a finished file is renamed and never copied. */
  readonly tmp: string;

  constructor(directory: string) {
    this.root = resolve(directory);
    this.blobs = join(this.root, "blobs", "sha256");
    this.records = join(this.root, "records");
    this.images = join(this.root, "images");
    this.items = join(this.root, "items");
    this.partial = join(this.root, "partial");
    this.locks = join(this.root, "locks");
    this.tmp = join(this.root, "tmp");
  }

  blob(sha256: string): string {
    return join(this.blobs, checked(sha256));
  }

  record(sha256: string): string {
    return join(this.records, `${checked(sha256)}.json`);
  }

  /** The content that has arrived so far, and the log that says which of its pieces are whole. */
  partialContent(sha256: string): { readonly data: string; readonly log: string } {
    return {
      data: join(this.partial, `${checked(sha256)}.data`),
      log: join(this.partial, `${checked(sha256)}.log`),
    };
  }

  lock(sha256: string): string {
    return join(this.locks, `${checked(sha256)}.lock`);
  }

  image(key: string): string {
    return join(this.images, `${sha256Hex(key)}.json`);
  }

  item(key: string): string {
    return join(this.items, `${sha256Hex(key)}.json`);
  }

  /** The lock of a process that stages or packs. */
  use(process: string): string {
    return join(this.locks, `use-${process}.lock`);
  }

  /** The lock under which content is pruned, and uses begin. */
  get pruning(): string {
    return join(this.locks, "prune.lock");
  }

  get all(): readonly string[] {
    const { blobs, records, images, items, partial, locks, tmp } = this;
    return [blobs, records, images, items, partial, locks, tmp];
  }
}

/** CVE-2024-37032 and CVE-2024-3727: a digest is checked before it becomes a path. */
function checked(sha256: string): string {
  if (isSha256Hex(sha256)) return sha256;
  throw new TypeError(`${JSON.stringify(sha256)} is not a sha256 in hex`);
}
