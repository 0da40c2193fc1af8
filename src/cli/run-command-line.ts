import { CommanderError } from "commander";
import { DefinitionError, HostError } from "../core/errors.ts";
import { Messages } from "./messages.ts";
import { createProgram } from "./program.ts";
import { outcomeOfError, printOutcome, runCommand } from "./run-command.ts";
import { typedNameOf } from "./typed-name.ts";

/** Runs what `argv` says, as `process.argv` has it. Gives the exit code; never rejects. */
export async function runCommandLine(
  argv: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const unwritable = goOnWhenNobodyReads([process.stdout, process.stderr]);
  const exitCode = await runProgram(argv, signal);
  // A write's error comes with a later turn of the event loop.
  await new Promise((resolve) => void process.stdout.write("", resolve));
  if (unwritable.error === undefined) return exitCode;
  process.stderr.write(`error: Cannot write the output: ${unwritable.error.message}\n`);
  return exitCode === 0 ? new HostError("IO", "").exitCode : exitCode;
}

async function runProgram(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { stdout, stderr } = process;
  const typedName = typedNameOf(argv[1] ?? "");
  const messages = new Messages(stderr, typedName);
  const surroundings = { stdout, stderr, messages, signal, commandLine: argv.slice(2) };
  let exitCode = 0;
  const program = createProgram(typedName, async (options, command) => {
    exitCode = await runCommand(surroundings, options, command);
  });
  try {
    assertWorkingDirectory();
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (isHelp(error)) return new DefinitionError("USAGE", "").exitCode;
    const outcome = outcomeOfError(usageError(error, argv[2]));
    printOutcome(surroundings, outcome, { json: argv.includes("--json") });
    return outcome.failure?.exitCode ?? 1;
  }
}

/** Everything that starts a thread or takes a relative path fails, later and elsewhere, in a directory that was removed. */
function assertWorkingDirectory(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new HostError("IO", "Cannot work here: the current directory no longer exists", {
      cause,
      hint: "Change to a directory that exists, and run this again.",
    });
  }
}

/** Without a command commander prints the help as an error. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === "commander.help";
}

function usageError(error: unknown, command = ""): unknown {
  if (!(error instanceof CommanderError)) return error;
  const message = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
  const isCommand = /^[a-z]+$/.test(command) && error.code !== "commander.unknownCommand";
  return new DefinitionError("USAGE", `Cannot understand the command line: ${message}`, {
    hint: `Run \`bundle ${isCommand ? `${command} ` : ""}--help\`.`,
    cause: error,
  });
}

/**
 * `bundle inspect … | head` is no error, and neither a reader that goes away nor a full disk behind standard output stops any
 * work: what is installed or undone by then goes on.
 */
function goOnWhenNobodyReads(streams: readonly NodeJS.WriteStream[]): { error?: Error } {
  const unwritable: { error?: Error } = {};
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") unwritable.error ??= error;
    });
  }
  return unwritable;
}
