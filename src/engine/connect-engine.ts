import { EngineError, hasCode, messageOf } from "../core/errors.ts";
import { DockerEngine } from "./docker-engine.ts";
import { UnusableAddress, createDockerClient } from "./docker-client.ts";
import { type AddressOptions, type EngineAddress, engineAddresses } from "./engine-address.ts";
import { parseVersion } from "./engine-answers.ts";
import type { Engine } from "./engine.ts";

export interface ConnectOptions extends Partial<AddressOptions> {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that an engine has to answer. */
  readonly timeout?: number;
}

interface Failure extends EngineAddress {
  readonly why: string;
  readonly isForbidden: boolean;
}

/** The first engine that answers. Throws {@link EngineError} `NO_ENGINE`, which lists what was tried and why each failed. */
export async function connectEngine({
  env = process.env,
  dockerHost,
  platform = process.platform,
  sockets,
  timeout = 10_000,
  signal,
}: ConnectOptions = {}): Promise<Engine> {
  const failures: Failure[] = [];
  for (const candidate of engineAddresses({ env, dockerHost, platform, sockets })) {
    const timer = AbortSignal.timeout(timeout);
    try {
      return await connect(
        candidate.address,
        env,
        AbortSignal.any([timer, ...(signal ? [signal] : [])]),
      );
    } catch (error) {
      signal?.throwIfAborted();
      const why = timer.aborted ? `does not answer within ${timeout / 1000} s` : reasonOf(error);
      failures.push({ ...candidate, why, isForbidden: hasCode(error, "EACCES", "EPERM") });
    }
  }
  throw noEngine(failures);
}

async function connect(
  address: string,
  env: Readonly<NodeJS.ProcessEnv>,
  signal: AbortSignal,
): Promise<Engine> {
  const client = await createDockerClient(address, env);
  const version = parseVersion(await client.docker.version({ abortSignal: signal }));
  if (version === undefined)
    throw new UnusableAddress("answers, but not as a container engine does");
  return new DockerEngine({ ...client, address, version });
}

function reasonOf(error: unknown): string {
  if (error instanceof UnusableAddress) return error.message;
  if (hasCode(error, "ENOENT")) return "is not there";
  if (hasCode(error, "EACCES", "EPERM")) return "may not be used by this user";
  if (hasCode(error, "ECONNREFUSED")) return "is not listening";
  return `fails: ${messageOf(error).trim()}`;
}

function noEngine(failures: readonly Failure[]): EngineError {
  const tried = failures.map(
    ({ address, saidBy, why }) => `"${address}"${saidBy ? ` (from ${saidBy})` : ""} ${why}`,
  );
  return new EngineError("NO_ENGINE", `Cannot reach a container engine: ${tried.join("; ")}`, {
    hint: hintFor(failures),
  });
}

function hintFor(failures: readonly Failure[]): string {
  if (failures.some(({ isForbidden }) => isForbidden)) {
    return "Run this as root, or as a user in the group that owns the socket (`docker` as a rule).";
  }
  if (failures.some(({ saidBy }) => saidBy !== undefined)) {
    return "Start that engine, or correct the address; without one the usual sockets of Docker and Podman are tried.";
  }
  return "Start Docker (`sudo systemctl start docker`, or Docker Desktop) or Podman (`systemctl start podman.socket`), or set DOCKER_HOST to its address.";
}
