import type { Command, OutputOptions } from "../run-command.ts";

/** Runs a command with progress, log and printing around it. */
export type Run = (options: OutputOptions, command: Command) => Promise<void>;
