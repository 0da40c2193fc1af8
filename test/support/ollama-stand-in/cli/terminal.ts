import type { Environment } from "../settings.ts";

/** What a command line program may touch. */
export interface Terminal {
  readonly env: Environment;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}
