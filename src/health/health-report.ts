/** A model that a server should have, as MODELS.json describes it. */
export interface ExpectedModel {
  /** In full: `registry.ollama.ai/library/gemma:2b`. */
  readonly name: string;
  /** sha256 of the manifest file, hex: what `/api/tags` reports. */
  readonly digest: string;
  /** Bytes: the sum that the manifest states, as `/api/tags` reports it. */
  readonly size: number;
  readonly capabilities: readonly string[];
  /** When its manifest file was written, where the server must use that very file. Milliseconds since 1970. */
  readonly modifiedAt?: number | undefined;
}

/**
 * What is looked at, in this order:
 *
 * - `server`: `/` answers "Ollama is running".
 * - `version`: `/api/version` says which Ollama it is.
 * - `cloud`: `/api/status` says that cloud features are off.
 * - `list`: `/api/tags` answers.
 * - `listed`: it lists this model with the manifest's digest and size.
 * - `generate`, `embed`, `load`: this model answered, or could at least be loaded.
 */
export type CheckName =
  | "server"
  | "version"
  | "cloud"
  | "list"
  | "listed"
  | "generate"
  | "embed"
  | "load";

/** A warning is something that this host cannot do or that could not be proven; a failure is damaged or missing. */
export type CheckResult = "ok" | "warning" | "failed";

export interface HealthCheck {
  readonly check: CheckName;
  /** As Ollama prints it: `gemma:2b`. */
  readonly model?: string;
  readonly result: CheckResult;
  /** For people: what was found, with the server's own words where it refused. */
  readonly detail: string;
  /** What computed the answer: `CPU`, `GPU` or `42% GPU`. */
  readonly processor?: string;
  readonly milliseconds: number;
}

export interface HealthReport {
  readonly url: string;
  /** Of Ollama, as it says. */
  readonly version?: string;
  readonly checks: readonly HealthCheck[];
  /** Whether nothing failed; warnings are no failures. */
  readonly isHealthy: boolean;
}

/** What a check found, before it is known how long it took. */
export type Finding = Omit<HealthCheck, "milliseconds">;
