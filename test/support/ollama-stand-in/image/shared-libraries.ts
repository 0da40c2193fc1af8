import { execFileSync } from "node:child_process";

/** The absolute paths of the libraries that programs need, the loader included. */
export function sharedLibraries(programs: readonly string[]): string[] {
  const found = programs.flatMap((program) => {
    // The loader lists a program's libraries in place of running it: this is what ldd does.
    const env = { LD_TRACE_LOADED_OBJECTS: "1" };
    const text = execFileSync(program, { encoding: "utf8", env });
    return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, file = ""]) => file);
  });
  return [...new Set(found)].sort();
}
