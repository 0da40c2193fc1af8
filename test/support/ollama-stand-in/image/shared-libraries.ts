import { execFileSync } from "node:child_process";

/** The absolute paths of the libraries that programs need, the loader included, as ldd tells them. */
export function sharedLibraries(programs: readonly string[]): string[] {
  const found = programs.flatMap((program) => {
    const text = execFileSync("ldd", [program], { encoding: "utf8" });
    return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, file = ""]) => file);
  });
  return [...new Set(found)].sort();
}
