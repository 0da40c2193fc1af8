import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/**
 * Loaded into a command before it starts: at its end it writes the peak of its resident memory, in bytes, into the file of
 * PEAK_MEMORY_FILE. Not `process.resourceUsage().maxRSS`: that begins with the peak of the process that started this one.
 */
const file = process.env["PEAK_MEMORY_FILE"];
if (isMainThread && file !== undefined) {
  process.on("exit", () => {
    const [, kibibytes] =
      /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    writeFileSync(file, String(Number(kibibytes) * 1024));
  });
}
