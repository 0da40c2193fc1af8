/** What every error of this tool carries besides its message; see src/README.md for the grammar of messages. */
export interface ErrorDetails {
  /** What to do about it on this side of the gap. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The base of every error that this tool raises on purpose. Anything else that reaches the command line is a bug in it.
 *
 * `code` is for programs to branch on, `message` names the thing and says what was found and expected, `hint` says what to
 * do next, `exitCode` is what the process ends with.
 */
export abstract class OllamaBundleError<Code extends string = string> extends Error {
  abstract readonly exitCode: number;
  readonly code: Code;
  readonly hint: string | undefined;

  constructor(code: Code, message: string, { hint, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = hint;
  }
}

/** The command line or the definition is wrong. Exit code 2. */
export class DefinitionError extends OllamaBundleError<
  | "USAGE"
  | "DEFINITION_INVALID"
  | "MODEL_NAME_INVALID"
  | "IMAGE_REFERENCE_INVALID"
  | "NOT_SUPPORTED"
> {
  readonly exitCode = 2;
}

/** A source of models or images, or the network to it, failed. Exit code 3. */
export class SourceError extends OllamaBundleError<
  | "UNREACHABLE"
  | "NOT_FOUND"
  | "REFUSED"
  | "BAD_ANSWER"
  | "WRONG_CONTENT"
  | "INCOMPLETE"
  | "CLOUD_MODEL"
  | "NEWER_OLLAMA_NEEDED"
  | "STORE_INVALID"
  | "MOVED"
> {
  readonly exitCode = 3;
}

/** The bundle is not acceptable. Exit code 4. */
export class BundleError extends OllamaBundleError<
  "NOT_A_BUNDLE" | "DAMAGED" | "INCOMPLETE" | "NEWER_FORMAT" | "UNSUITABLE"
> {
  readonly exitCode = 4;
}

/** The container engine failed or refused. Exit code 5. */
export class EngineError extends OllamaBundleError<
  "NO_ENGINE" | "ENGINE_FAILED" | "ENGINE_REFUSED" | "NOT_FOUND" | "IMAGE_DIFFERS" | "NAME_TAKEN"
> {
  readonly exitCode = 5;
}

/** What was installed does not serve as promised. Exit code 6. */
export class HealthError extends OllamaBundleError<"NOT_HEALTHY"> {
  readonly exitCode = 6;
}

/** This host: space, rights, port, name taken, lock, what a delta relies on. Exit code 7. */
export class HostError extends OllamaBundleError<
  | "NO_SPACE"
  | "NO_RIGHTS"
  | "PORT_TAKEN"
  | "NAME_TAKEN"
  | "EXISTS"
  | "LOCKED"
  | "NOT_A_FILE"
  | "IO"
  | "WRONG_PLATFORM"
  | "BASE_MISSING"
> {
  readonly exitCode = 7;
}

/** Whether a foreign error carries this `code`, as Node's system errors do. */
export function hasCode(
  error: unknown,
  ...codes: readonly string[]
): error is Error & { code: string } {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** Whether it has a code of errno(3). Such errors have a `syscall` too, but not after they came from a worker. */
export function isSystemError(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof OllamaBundleError) return false;
  return "code" in error && /^E(?!RR_)[A-Z0-9]+$/.test(String(error.code));
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
