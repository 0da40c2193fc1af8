import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a program to its end and returns its standard output; its last lines are in the error when it fails. */
export async function runCommand(
  argv: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<string> {
  const [program = "", ...args] = argv;
  try {
    const { stdout } = await execute(program, args, {
      env: { ...process.env, ...env },
      maxBuffer: 64 << 20,
    });
    return stdout;
  } catch (error) {
    const {
      stdout = "",
      stderr = "",
      message,
    } = error as Error & { stdout?: string; stderr?: string };
    const lines = `${stdout}\n${stderr}`.trim().split("\n").slice(-8).join("\n");
    throw new Error(`"${argv.join(" ")}" failed: ${lines || message}`, { cause: error });
  }
}
