import { hasCode } from "../core/errors.ts";
import type { ProgressEvent, WorkOptions } from "../core/progress.ts";
import { TOOL } from "../core/tool.ts";
import { withoutCredentials } from "../core/without-credentials.ts";
import { type Failure, INTERRUPTED, failureOf, originOf, reportOf } from "./failure.ts";
import { LogFile } from "./log-file.ts";
import type { Messages } from "./messages.ts";
import { printable, printableJson } from "./printable.ts";
import { showProgress } from "./progress/show-progress.ts";

/** What a command gives back instead of printing it. */
export interface Outcome {
  /** For people; empty prints nothing. */
  readonly text: string;
  /** For machines. */
  readonly json: object;
  /** Why the outcome is not what was asked for. */
  readonly failure?: Failure;
}

/** What a command works with. */
export interface Work extends WorkOptions {
  /** Tells people something in the middle of the work; results are for the {@link Outcome}. */
  readonly tell: (text: string) => void;
}

export type Command = (work: Work) => Promise<Outcome>;

/** The options that every command has. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly log?: string;
}

/** Where a command runs. */
export interface Surroundings {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly messages: Messages;
  readonly signal: AbortSignal;
  /** As it was typed, for the log. */
  readonly commandLine: readonly string[];
}

/** Runs a command and prints what came of it. Gives the exit code. */
export async function runCommand(
  surroundings: Surroundings,
  { json = false, log: path }: OutputOptions,
  command: Command,
): Promise<number> {
  const outcome = await logged(surroundings, path, command);
  printOutcome(surroundings, outcome, { json });
  return outcome.failure?.exitCode ?? 0;
}

/** The one place where results and errors are printed. */
export function printOutcome(
  { stdout, messages }: Pick<Surroundings, "stdout" | "messages">,
  { text, json, failure }: Outcome,
  options: { readonly json: boolean },
): void {
  const print = (output: string): void =>
    void stdout.write(`${output}\n`, (error) => {
      if (failure === undefined && error) tellLost(messages, error);
    });
  if (options.json) {
    const error = failure && { code: failure.code, message: failure.message, hint: failure.hint };
    print(printableJson(error === undefined ? json : { ...json, error }));
  } else if (text !== "") {
    print(printable(text));
  }
  if (failure !== undefined) messages.error(failure.message, failure.hint);
}

/** Whoever reads only that the output cannot be written would take the work for failed. Who stops reading knows. */
function tellLost(messages: Messages, error: Error): void {
  if (!hasCode(error, "EPIPE"))
    messages.warning("The work is done and stays: only its report is lost");
}

/** The outcome of what was thrown. */
export function outcomeOfError(error: unknown): Outcome {
  const origin = originOf(error);
  return { ...reportOf(origin), failure: failureOf(origin) };
}

async function logged(
  surroundings: Surroundings,
  path: string | undefined,
  command: Command,
): Promise<Outcome> {
  try {
    const warn = (text: string) => surroundings.messages.warning(text);
    using log = path === undefined ? undefined : new LogFile(path, warn);
    log?.write(
      `${TOOL.name} ${TOOL.version}, Node ${process.version}, ${process.platform}/${process.arch}`,
    );
    log?.write(`command: ${JSON.stringify(surroundings.commandLine.map(withoutSecrets))}`);
    const outcome = await attempted(surroundings, log, command);
    log?.write(`exit code: ${outcome.failure?.exitCode ?? 0}`);
    return outcome;
  } catch (error) {
    return outcomeOfError(error);
  }
}

async function attempted(
  { stderr, messages, signal }: Surroundings,
  log: LogFile | undefined,
  command: Command,
): Promise<Outcome> {
  using view = showProgress(stderr, messages);
  try {
    const onProgress = (event: ProgressEvent): void => {
      log?.event(event);
      view.show(event);
    };
    return await command({
      signal,
      onProgress,
      tell: (text) => onProgress({ kind: "step", text }),
    });
  } catch (error) {
    log?.error(error);
    return signal.aborted ? { text: "", json: {}, failure: INTERRUPTED } : outcomeOfError(error);
  }
}

/** Without a user's name and password in an address, and without its query, where signed addresses carry a secret. */
function withoutSecrets(argument: string): string {
  return withoutCredentials(argument.replace(/(:\/\/)[^@?]*@/, "$1…@")).replace(/\?[^]+/, "?…");
}
