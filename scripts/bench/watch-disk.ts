import { statSync, statfsSync } from "node:fs";

const INTERVAL_MS = 100;

export interface DiskWatch extends Disposable {
  /** Bytes more than at the start, now. */
  growth(): number;
  /** The most that there were so far, as seen ten times a second. */
  peak(): number;
}

/** Watches how full the file systems of some directories are, whoever writes to them. */
export function watchDisk(directories: readonly string[]): DiskWatch {
  const byDevice = new Map(directories.map((directory) => [statSync(directory).dev, directory]));
  const places = [...byDevice.values()];
  const free = (): number => places.reduce((sum, place) => sum + freeBytes(place), 0);
  const atStart = free();
  let least = atStart;
  const look = (): number => {
    const now = free();
    least = Math.min(least, now);
    return atStart - now;
  };
  const timer = setInterval(look, INTERVAL_MS);
  return {
    growth: look,
    peak: () => atStart - least,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function freeBytes(directory: string): number {
  const { bfree, bsize } = statfsSync(directory);
  return bfree * bsize;
}
