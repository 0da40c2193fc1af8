import { once } from "node:events";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { canMount, smallFileSystem } from "../staging/small-file-system.ts";
import { startModelRegistry } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type CommandResult, bundleSucceeds, runBundle } from "./support/bundle-command.ts";
import { type ConnectedSide, TINY_MODELS, connectedSide } from "./support/connected-side.ts";
import { newerVersionOf } from "./support/newer-version.ts";

const MIB = 1024 * 1024;

describe("what a user can get wrong, or meet", () => {
  let side: ConnectedSide;
  beforeAll(async () => {
    side = await connectedSide([{ name: "big", size: 40 * MIB }]);
    await bundle("create", ...models(TINY_MODELS), "-o", "good.tar.gz");
  });
  afterAll(() => side[Symbol.asyncDispose]());

  describe("when creating", () => {
    test("an unknown model", async () => {
      const result = await bundle("create", ...models("tiny,nosuchmodel:7b"), "-o", "x.tar.gz");
      expect(result).toMatchObject(failure(3, /nosuchmodel:7b/));
    });

    test("a malformed model name", async () => {
      const result = await bundle("create", ...models("tiny,../evil"), "-o", "x.tar.gz");
      expect(result).toMatchObject(failure(2, /"\.\.\/evil"/));
    });

    test("a malformed image name", async () => {
      const result = await bundle("create", "--models", "tiny", "--image", "Ollama:a b");
      expect(result).toMatchObject(failure(2, /"Ollama:a b"/));
    });

    test("a definition with a field that there is not, by line and field", async () => {
      await writeFile(join(side.path, "typo.yaml"), "name: a\nimage: none\nmodles: [tiny]\n");
      const result = await bundle("create", "-f", "typo.yaml", "-o", "x.tar.gz");
      expect(result).toMatchObject(failure(2, /typo\.yaml.*line 3.*modles/));
    });

    test("a definition that is no YAML, by line", async () => {
      await writeFile(join(side.path, "broken.yaml"), 'name: a\nmodels: [tiny, "second\n');
      const result = await bundle("create", "-f", "broken.yaml", "-o", "x.tar.gz");
      expect(result).toMatchObject(failure(2, /broken\.yaml.*line \d/));
    });

    test("a definition that is not there", async () => {
      const result = await bundle("create", "-f", "absent.yaml", "-o", "x.tar.gz");
      expect(result).toMatchObject(failure(2, /absent\.yaml[^]*\nhint: Check the path/));
    });

    test("a model registry that is down", async () => {
      const url = await addressOfNobody(side);
      const what = ["--models", "tiny", "--image", "none", "--model-registry", url];
      const result = await bundle("create", ...what, "-o", "x.tar.gz");
      expect(result).toMatchObject(failure(3, new RegExp(new URL(url).host)));
    });

    test("no engine", async () => {
      const result = await withEngine("unix:///nonexistent/docker.sock", "create");
      expect(result).toMatchObject(failure(5, /nonexistent\/docker\.sock/));
    });

    test("an engine that refuses", async () => {
      await using refusing = await refusingEngine();
      const result = await withEngine(refusing.dockerHost, "create");
      expect(result).toMatchObject(failure(5, /the storage driver is out of order/));
    });

    test("an output that exists, which stays as it is", async () => {
      await writeFile(join(side.path, "precious.tar.gz"), "mine");
      const result = await bundle("create", ...models("tiny"), "-o", "precious.tar.gz");
      expect(result).toMatchObject(failure(7, /precious\.tar\.gz[^]*--force/));
      expect(await readFile(join(side.path, "precious.tar.gz"), "utf8")).toBe("mine");
      await bundleSucceeds(["create", ...models("tiny"), "-o", "precious.tar.gz", "--force"], {
        home: side.path,
      });
    });

    test("an output directory that is not there", async () => {
      const result = await bundle("create", ...models("tiny"), "-o", "no/such/x.tar.gz");
      expect(result).toMatchObject(failure(7, /no\/such/));
    });

    test.runIf(canMount)("an output directory that may not be written to", async () => {
      await using disk = await smallFileSystem(MIB);
      await disk.makeReadOnly();
      const output = join(disk.path, "x.tar.gz");
      const result = await bundle("create", ...models("tiny"), "-o", output);
      expect(result).toMatchObject(failure(7, new RegExp(disk.path)));
    });

    test.runIf(canMount)("a disk that is too small, before a blob is asked for", async () => {
      await using disk = await smallFileSystem(10 * MIB);
      const [staging, output] = [await side.directory("fresh"), join(disk.path, "x.tar.gz")];
      side.registry.forgetRequests();
      const result = await bundle("create", ...models("big"), "-o", output, "--staging", staging);
      expect(result).toMatchObject(failure(7, new RegExp(disk.path)));
      const blobs = side.registry.requests.filter(
        ({ kind, method }) => kind === "blob" && method === "GET",
      );
      // Configs are small, and tell what a model needs.
      expect(blobs.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBeLessThan(MIB);
    });

    test.runIf(canMount)(
      "a disk that fills up while packing, which leaves nothing there",
      async () => {
        await using disk = await smallFileSystem(60 * MIB);
        const [staging, output] = [await side.directory("filling"), join(disk.path, "x.tar.gz")];
        side.registry.forgetRequests();
        const what = ["create", ...models("big"), "-o", output, "--staging", staging];
        const creating = runBundle(what, { home: side.path });
        await side.registry.until((requests) => requests.some(({ bodyBytes }) => bodyBytes > MIB));
        await writeFile(join(disk.path, "somebody-elses"), Buffer.alloc(40 * MIB));
        expect(await creating).toMatchObject(failure(7, new RegExp(disk.path)));
        expect(await readdir(disk.path)).toEqual(["somebody-elses"]);
      },
    );
  });

  describe.each(["verify", "inspect", "install"])("when bundle %s is given", (command) => {
    test("a file that is no bundle", async () => {
      await writeFile(join(side.path, "holiday.jpg"), Buffer.alloc(100_000, "not a bundle "));
      expect(await bundle(command, "holiday.jpg")).toMatchObject(failure(4, /holiday\.jpg/));
    });

    test("an empty file", async () => {
      await writeFile(join(side.path, "empty.tar.gz"), "");
      expect(await bundle(command, "empty.tar.gz")).toMatchObject(
        failure(4, /empty\.tar\.gz.*empty/),
      );
    });

    test("a bundle that a browser or a mail gateway decompressed", async () => {
      const bytes = gunzipSync(await readFile(join(side.path, "good.tar.gz")));
      await writeFile(join(side.path, "plain.tar.gz"), bytes);
      expect(await bundle(command, "plain.tar.gz")).toMatchObject(
        failure(4, /plain\.tar\.gz.*decompressed[^]*\nhint: Carry the \.tar\.gz/),
      );
    });

    test("a directory without a bundle", async () => {
      await mkdir(join(side.path, "folder"), { recursive: true });
      expect(await bundle(command, "folder")).toMatchObject(
        failure(2, /folder.*no \.tar\.gz in it/),
      );
    });

    test("a file that is not there", async () => {
      expect(await bundle(command, "absent.tar.gz")).toMatchObject(
        failure(2, /absent\.tar\.gz[^]*\nhint: Check the path/),
      );
    });

    test("a bundle of a newer major version, with the version that reads it", async () => {
      const newer = newerVersionOf(await readFile(join(side.path, "good.tar.gz")), "7.0.0");
      await writeFile(join(side.path, "newer.tar.gz"), newer);
      expect(await bundle(command, "newer.tar.gz")).toMatchObject(
        failure(4, /version 2[^]*version 7\.0\.0/),
      );
    });
  });

  describe("when installing", () => {
    test("no engine", async () => {
      const result = await withEngine("unix:///nonexistent/docker.sock", "install", "good.tar.gz");
      expect(result).toMatchObject(failure(5, /nonexistent\/docker\.sock/));
    });

    test("an engine that refuses", async () => {
      await using refusing = await refusingEngine();
      const result = await withEngine(refusing.dockerHost, "install", "good.tar.gz");
      expect(result).toMatchObject(failure(5, /the storage driver is out of order/));
    });

    test("a model that the bundle has not", async () => {
      await using store = await temporaryDirectory();
      const result = await native(store.path, "http://127.0.0.1:1", "--only", "gemma:2b");
      expect(result).toMatchObject(failure(2, /gemma:2b/));
    });

    test("a server that is not there, before anything is written", async () => {
      await using store = await temporaryDirectory();
      const url = await addressOfNobody(side);
      const result = await native(store.path, url, "--health-timeout", "1");
      expect(result).toMatchObject(failure(6, new RegExp(new URL(url).host)));
      expect(await readdir(store.path, { recursive: true })).toEqual([]);
    });

    test("a server of another store, which leaves the store as it was", async () => {
      await using store = await temporaryDirectory();
      await using elsewhere = await temporaryDirectory();
      await using server = await startOllamaStandIn({ models: elsewhere.path });
      const result = await native(store.path, server.url, "--health-timeout", "5");
      expect(result).toMatchObject(failure(6, /tiny:latest/));
      expect(await readdir(store.path, { recursive: true })).toEqual([]);
    });
  });

  function bundle(...args: readonly string[]): Promise<CommandResult> {
    return runBundle(args, { home: side.path });
  }

  function withEngine(dockerHost: string, ...args: readonly string[]): Promise<CommandResult> {
    const image = ["--models", "none", "--image", "docker-daemon:ollama/ollama:0.24.0"];
    const what = args[0] === "create" ? [...image, "-o", "x.tar.gz"] : [];
    return runBundle([...args, ...what], { home: side.path, env: { DOCKER_HOST: dockerHost } });
  }

  function native(store: string, url: string, ...more: string[]): Promise<CommandResult> {
    const into = ["--models-in", "native", "--store", store, "--ollama-url", url];
    return bundle("install", "good.tar.gz", ...into, ...more);
  }

  function models(names: string): string[] {
    return ["--models", names, "--image", "none", "--model-registry", side.registry.url];
  }
});

/** The exit code, and a message for people that names the thing, without a trace of this program's insides. */
function failure(exitCode: number, names: RegExp): Partial<CommandResult> {
  const isTold = new RegExp(
    `^(?![^]*\\n +at .*\\.ts:\\d)(?=[^]*${names.source})(?:[^]*\\n)?error: `,
  );
  return { exitCode, stderr: expect.stringMatching(isTold) };
}

/** An address where a registry was, and nobody listens now. */
async function addressOfNobody({ store }: ConnectedSide): Promise<string> {
  await using gone = await startModelRegistry({ store });
  return gone.url;
}

/** A socket that answers as an engine in trouble does. */
async function refusingEngine(): Promise<AsyncDisposable & { readonly dockerHost: string }> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const socket = join(path, "docker.sock");
  const server = createServer((_, response) => {
    response.writeHead(500, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ message: "the storage driver is out of order" }));
  });
  server.listen(socket);
  await once(server, "listening");
  stack.defer(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const owned = stack.move();
  return { dockerHost: `unix://${socket}`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
