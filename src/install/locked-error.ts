import { HostError } from "../core/errors.ts";

export interface Locked {
  readonly holder: {
    readonly pid?: string | undefined;
    readonly host?: string | undefined;
    /** ISO 8601 */
    readonly since?: string | undefined;
  };
  readonly hint: string;
}

/** Another installation is at work. `where` completes "Cannot install …". */
export function lockedError(where: string, { holder, hint }: Locked): HostError {
  const { pid = "unknown", host = "an unknown host", since = "an unknown time" } = holder;
  return new HostError(
    "LOCKED",
    `Cannot install ${where}: process ${pid} on ${host} is installing there since ${since}`,
    { hint },
  );
}
