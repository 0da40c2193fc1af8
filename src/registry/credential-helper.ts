import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { hasCode } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import type { RegistrySecret } from "../core/registry-secret.ts";
import { LoginTrouble } from "./login-file.ts";

/** What docker's own helpers say of a registry for which they have nothing. */
const NOT_FOUND = "credentials not found in native keychain";
/** The user that stands for a token in place of a password. */
const TOKEN_USER = "<token>";
const NAME = /^[\w.-]+$/;

const answerShape = z.object({ Username: z.string(), Secret: z.string() });

export interface HelperOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout?: number;
}

/**
 * Asks `docker-credential-NAME` for a registry. Undefined where it has nothing for it. Throws {@link LoginTrouble}; nothing that
 * the program says is in it. https://github.com/docker/docker-credential-helpers#development
 */
export async function askHelper(
  name: string,
  registry: string,
  options: HelperOptions,
): Promise<RegistrySecret | undefined> {
  const program = `docker-credential-${name}`;
  if (!NAME.test(name)) throw new LoginTrouble(`"${program}" is no name of a program`);
  // Docker's helpers know Docker Hub by the address that it had when they were made.
  const server = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
  const { exitCode, stdout } = await run(program, server, options);
  if (exitCode !== 0 && stdout.trim() === NOT_FOUND) return undefined;
  const answer = answerShape.safeParse(exitCode === 0 ? jsonOrUndefined(stdout) : undefined);
  if (!answer.success) {
    const why = exitCode === 0 ? "answers something else than a login" : `ends with ${exitCode}`;
    throw new LoginTrouble(`"${program} get" ${why}`);
  }
  const { Username: username, Secret: secret } = answer.data;
  if (username === TOKEN_USER) return { kind: "identityToken", token: secret };
  return username === "" ? undefined : { kind: "password", username, password: secret };
}

async function run(
  program: string,
  server: string,
  { env, signal, timeout = 30_000 }: HelperOptions,
): Promise<{ readonly exitCode: number | null; readonly stdout: string }> {
  const timer = AbortSignal.timeout(timeout);
  const ends = AbortSignal.any(signal === undefined ? [timer] : [timer, signal]);
  try {
    const child = spawn(program, ["get"], {
      env,
      signal: ends,
      stdio: ["pipe", "pipe", "ignore"],
    });
    // What it started may outlive it, and hold its output open.
    ends.addEventListener("abort", () => child.stdout.destroy(), { once: true });
    // It may end without reading.
    child.stdin.on("error", () => {});
    child.stdin.end(server);
    const [stdout, [exitCode]] = await Promise.all([
      text(child.stdout),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { exitCode, stdout };
  } catch (error) {
    signal?.throwIfAborted();
    if (timer.aborted)
      throw new LoginTrouble(`"${program}" does not answer within ${timeout / 1000} s`);
    throw new LoginTrouble(
      `"${program}" ${hasCode(error, "ENOENT") ? "is not in PATH" : "cannot be started"}`,
    );
  }
}
