import { type EngineHost, type HostProcessResult, spawnOnHost } from "../../support/hosts.ts";
import { type CommandOptions, type CommandResult, runBundle } from "./bundle-command.ts";

/** What `docker` has of containers, images and volumes. */
export interface EngineState {
  readonly containers: readonly string[];
  readonly images: readonly string[];
  readonly volumes: readonly string[];
}

/** A machine with an engine, and what is typed there. */
export class DockerHost {
  readonly host: EngineHost;

  constructor(host: EngineHost) {
    this.host = host;
  }

  /** Types `bundle …` there. */
  bundle(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
    const { dockerHost, networkNamespace } = this.host;
    const env = { DOCKER_HOST: dockerHost, ...options.env };
    return runBundle(args, { ...options, env, networkNamespace });
  }

  /** Like {@link bundle}; throws with everything that was said unless it exits with 0. */
  async bundleSucceeds(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
    const result = await this.bundle(args, options);
    if (result.exitCode === 0) return result;
    throw new Error(
      `bundle ${args.join(" ")} exited with ${result.exitCode}:\n${result.stdout}${result.stderr}`,
    );
  }

  /** Types `docker …` there, with the client of Debian, the oldest that is supported; gives what it printed. */
  async docker(...args: readonly string[]): Promise<string> {
    return (await this.succeeds([DOCKER, ...args])).stdout.trim();
  }

  /** Runs any program there. */
  async succeeds(argv: readonly string[], cwd?: string): Promise<HostProcessResult> {
    const env = {
      DOCKER_HOST: this.host.dockerHost,
      PATH: `/usr/bin:${process.env["PATH"] ?? ""}`,
    };
    const result = await spawnOnHost(this.host, argv, { env, ...(cwd !== undefined && { cwd }) });
    if (result.exitCode === 0) return result;
    throw new Error(
      `${argv.join(" ")} exited with ${result.exitCode}:\n${result.stdout}${result.stderr}`,
    );
  }

  /** The body of the answer to a GET, asked for there. */
  async get(url: string): Promise<string> {
    const program = "process.stdout.write(await (await fetch(process.argv[1])).text())";
    const argv = [process.execPath, "--input-type=module", "-e", program, url];
    return (await this.succeeds(argv)).stdout;
  }

  /** Resolves when a GET is answered: a published port is open before the server behind it. */
  async untilAnswers(url: string): Promise<void> {
    const answers = (): Promise<boolean> =>
      this.get(url).then(
        () => true,
        () => false,
      );
    while (!(await answers()));
  }

  /** A port of 127.0.0.1 that is free there. */
  async freePort(): Promise<number> {
    const program =
      'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })';
    return Number((await this.succeeds([process.execPath, "-e", program])).stdout);
  }

  async state(): Promise<EngineState> {
    const list = async (...args: readonly string[]): Promise<string[]> =>
      (await this.docker(...args))
        .split("\n")
        .filter((line) => line !== "")
        .toSorted();
    return {
      containers: await list("ps", "-a", "--format", "{{.Names}} {{.Image}}"),
      images: await list(
        "images",
        "-a",
        "--no-trunc",
        "--format",
        "{{.Repository}}:{{.Tag}} {{.ID}}",
      ),
      volumes: await list("volume", "ls", "--format", "{{.Name}}"),
    };
  }

  /** The engine's events from then until now, one JSON document each. */
  async eventsSince(
    time: Date,
  ): Promise<readonly { readonly Type: string; readonly Action: string }[]> {
    const until = new Date(Date.now() + 1).toISOString();
    const range = ["--since", time.toISOString(), "--until", until];
    const lines = await this.docker("events", ...range, "--format", "{{json .}}");
    return lines
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  /** Removes what a test may have left; what is not there is passed over. An image's name without a tag means all of its tags. */
  async remove({
    containers = [],
    images = [],
    volumes = [],
  }: Partial<EngineState>): Promise<void> {
    const quietly = (...args: readonly string[]): Promise<unknown> =>
      this.docker(...args).catch(() => undefined);
    for (const name of containers) await quietly("rm", "-f", "-v", name);
    for (const name of images) {
      const ids = await this.docker("images", "-q", name);
      for (const id of ids.split("\n").filter(Boolean)) await quietly("rmi", "-f", id);
    }
    for (const name of volumes) await quietly("volume", "rm", name);
  }
}

const DOCKER = "/usr/bin/docker";
