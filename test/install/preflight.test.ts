import { once } from "node:events";
import { mkdir, symlink } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HostError } from "../../src/core/errors.ts";
import type { EngineContainer, EngineInfo } from "../../src/engine/engine.ts";
import {
  type InstallWishes,
  readEngineNames,
  readPlace,
} from "../../src/install/install-options.ts";
import { memoryWarnings } from "../../src/install/memory.ts";
import { portProblem } from "../../src/install/port-problem.ts";
import { refuseIfAny } from "../../src/install/problems.ts";
import { serverUrl } from "../../src/install/run-container.ts";
import { engineSpace, measureSpace, spaceProblem, spaceWarning } from "../../src/install/space.ts";
import { assertFewLayers, assertNamesFit } from "../../src/install/site/suitable.ts";
import { stateDirectory } from "../../src/install/state-directory.ts";
import { canMount, smallFileSystem } from "../staging/small-file-system.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const info: EngineInfo = {
  product: "Docker",
  version: "1",
  apiVersion: "1",
  platform: "linux/amd64",
  usesContainerdStore: false,
  tellsWhatIsMissing: false,
  storageDriver: "overlay2",
  dataRoot: tmpdir(),
  isLocal: true,
  memory: 8e9,
  isRootless: false,
  usesSelinux: false,
  runtimes: [],
};

function holder(published: string, isRunning = true): EngineContainer {
  return {
    id: "1",
    name: "web",
    image: "nginx",
    isRunning,
    labels: {},
    published: [published],
    volumes: {},
  };
}

describe("the port", () => {
  test("that another program listens on is taken, and free again when it has gone", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = { ip: "127.0.0.1", port: (server.address() as AddressInfo).port };
    const problem = await portProblem(address, { containers: [], isLocal: true });
    expect(problem?.message).toContain(`127.0.0.1:${address.port} is taken: another program`);
    server.close();
    await once(server, "close");
    expect(await portProblem(address, { containers: [], isLocal: true })).toBeUndefined();
  });

  test.each([
    ["127.0.0.1:8080", "127.0.0.1", true],
    ["0.0.0.0:8080", "127.0.0.1", true],
    ["[::]:8080", "127.0.0.1", true],
    ["127.0.0.1:8080", "0.0.0.0", true],
    ["192.0.2.1:8080", "127.0.0.1", false],
    ["127.0.0.1:8081", "127.0.0.1", false],
  ])("published at %s collides with %s:8080: %s", async (held, ip, collides) => {
    const problem = await portProblem(
      { ip, port: 8080 },
      { containers: [holder(held)], isLocal: false },
    );
    expect(problem?.message).toBe(
      collides ? `the address ${ip}:8080 is taken: the container "web" (nginx) has it` : undefined,
    );
  });

  test("of a container that is stopped is free", async () => {
    const containers = [holder("127.0.0.1:8080", false)];
    expect(
      await portProblem({ ip: "127.0.0.1", port: 8080 }, { containers, isLocal: false }),
    ).toBeUndefined();
  });

  test("at an address that this host does not have cannot be used", async () => {
    const problem = await portProblem(
      { ip: "192.0.2.1", port: 20_001 },
      { containers: [], isLocal: true },
    );
    expect(problem?.message).toContain("this host does not have 192.0.2.1");
  });
});

describe("space", () => {
  const measured = async (
    of: EngineInfo,
    load: { layers: number; spool: number; volume: number },
  ) => measureSpace(await engineSpace(of, load));

  test("is the spooled archive, its layers and the volume, added up on one file system", async () => {
    const needs = await measured(info, { layers: 100, spool: 60, volume: 10 });
    expect(needs).toMatchObject([{ needed: 170, free: expect.any(Number) }]);
    expect(needs[0]?.what).toBe("engine's images, archive while it is loaded, engine's volumes");
    expect(needs.map(spaceProblem)).toEqual([undefined]);
    expect(await measured(info, { layers: 0, spool: 0, volume: 0 })).toEqual([]);
  });

  test.runIf(canMount)("of a disk that is mounted at the volumes counts for itself", async () => {
    await using directory = await temporaryDirectory();
    await using disk = await smallFileSystem(1_000_000);
    await symlink(disk.path, join(directory.path, "volumes"));
    const engine = { ...info, dataRoot: directory.path };
    const [images, volumes] = await measured(engine, {
      layers: 100,
      spool: 100,
      volume: 2_000_000,
    });
    expect(images && spaceProblem(images)).toBeUndefined();
    expect(volumes && spaceProblem(volumes)?.message).toMatch(
      /for the engine's volumes in ".*\/volumes": 2,000,000 bytes are needed, 1,0/,
    );
    expect(await measured(engine, { layers: 100, spool: 100, volume: 10 })).toHaveLength(2);
  });

  test("that is too little is a problem with both numbers", async () => {
    const [need] = await measured(info, { layers: 1e18, spool: 1e18, volume: 0 });
    const problem = need && spaceProblem(need);
    expect(problem).toMatchObject({ code: "NO_SPACE" });
    expect(problem?.message).toMatch(/2,000,000,000,000,000,000 bytes are needed, [\d,]+ are free/);
  });

  test("that cannot be known is said, for an engine elsewhere and for a containerd that is not the engine's", async () => {
    const load = { layers: 100, spool: 60, volume: 10 };
    const remote = await measured({ ...info, isLocal: false }, load);
    expect(remote.map(spaceWarning)).toEqual([
      expect.stringContaining("the engine runs on another host; 100 bytes"),
      expect.stringContaining("the engine runs on another host; 60 bytes"),
      expect.stringContaining("the engine runs on another host; 10 bytes"),
    ]);
    await using directory = await temporaryDirectory();
    const engine = { ...info, usesContainerdStore: true, dataRoot: directory.path };
    expect((await measured(engine, load)).map(spaceWarning)).toEqual([
      expect.stringContaining("containerd keeps images"),
      undefined,
    ]);
    await mkdir(join(directory.path, "containerd/daemon"), { recursive: true });
    expect(await measured(engine, load)).toMatchObject([{ needed: 210 }]);
  });

  test("of memory: a model that is larger, or larger than what is free, draws a warning", () => {
    const model = {
      name: "registry.ollama.ai/library/m:70b",
      size: 9e9,
      digest: "",
      capabilities: [],
      licenses: [],
      blobs: [],
    };
    expect(memoryWarnings([model], { total: 8e9, free: 7e9 })).toEqual([
      expect.stringMatching(/^"m:70b" has 9\.0 GB and this host 8\.0 GB/),
    ]);
    expect(memoryWarnings([model], { total: 16e9, free: 5e9 })).toEqual([
      expect.stringMatching(/16\.0 GB of memory 5\.0 GB are free now/),
    ]);
    expect(memoryWarnings([model], { total: 16e9 })).toEqual([]);
    expect(memoryWarnings([model], { total: 0 })).toEqual([]);
  });
});

describe("what is refused", () => {
  test("one problem is told as one, several as a list with all hints", () => {
    const problems = ["first", "second"].map(
      (text) => new HostError("PORT_TAKEN", text, { hint: `fix ${text}` }),
    );
    expect(() => refuseIfAny("b", [])).not.toThrow();
    expect(() => refuseIfAny("b", problems.slice(0, 1))).toThrow('Cannot install "b": first');
    const all = expect.objectContaining({
      code: "PORT_TAKEN",
      message: 'Cannot install "b":\n- first\n- second',
      hint: "fix first\nfix second",
    });
    expect(() => refuseIfAny("b", problems)).toThrow(all);
  });

  test("a model whose registry has a port, on Windows alone", () => {
    const models = [
      { name: "host:5000/ns/m:t", size: 1, digest: "", capabilities: [], licenses: [], blobs: [] },
    ];
    const selection = { models, blobs: [], manifests: [], omitted: [] };
    expect(() => assertNamesFit(selection, "linux")).not.toThrow();
    expect(() => assertNamesFit(selection, "win32")).toThrow('its directory would be "host:5000"');
  });

  test("an image of more layers than engines mount", () => {
    const image = { diffIds: Array.from({ length: 30 }, () => "") } as never;
    expect(() => assertFewLayers(image, 95)).not.toThrow();
    expect(() => assertFewLayers(image, 96)).toThrow("it would have 126 layers");
  });

  test.each(["", "a", "a b", "-a", "a/b", "é"])(
    "%j as the name of a container or a volume, with a name that would do",
    (name) => {
      for (const what of ["container", "volume"]) {
        expect(() => readEngineNames({ [what]: name }, "b")).toThrow(
          expect.objectContaining({
            message: expect.stringContaining(`Cannot name a ${what} ${JSON.stringify(name)}`),
            hint: `Write it as in --${what} ollama-site-a.`,
          }),
        );
      }
    },
  );

  test.each([
    { publish: "nowhere" },
    { tag: "Mine Own" },
    { tag: `mine@sha256:${"0".repeat(64)}` },
  ])("%j, with what to write instead", (wishes) => {
    expect(() => readEngineNames(wishes, "b")).toThrow(
      expect.objectContaining({ exitCode: 2, hint: expect.stringMatching(/^Write /) }),
    );
  });
});

describe("an option of another mode", () => {
  test.each([
    ["--store", { store: "s" }, "native"],
    ["--ollama-url", { ollamaUrl: "http://127.0.0.1:1" }, "native"],
    ["--volume", { volume: "v" }, "volume"],
    ["--volume", { modelsIn: "native", store: "s", volume: "v" }, "volume"],
    ["--store", { modelsIn: "volume", store: "s" }, "native"],
    [
      "--container",
      { modelsIn: "native", store: "s", container: "c" },
      "image or volume or dir:PATH",
    ],
    ["--publish", { modelsIn: "native", store: "s", publish: "1" }, "image or volume or dir:PATH"],
    ["--tag", { modelsIn: "native", store: "s", tag: "t" }, "image or volume or dir:PATH"],
  ] as const)("is refused, not ignored: %s in %j", (flag, wishes, modes) => {
    expect(() => readPlace(wishes)).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: expect.stringMatching(
          `^Cannot use ${flag} with .*: it is for --models-in ${modes}$`,
        ),
        hint: expect.stringContaining(`Leave ${flag} out`),
      }),
    );
  });

  test("is taken in its own", () => {
    const names = { container: "c", publish: "1", tag: "t" };
    const all: readonly InstallWishes[] = [
      { modelsIn: "native", store: "s", ollamaUrl: "u" },
      { modelsIn: "volume", volume: "v", ...names },
      { modelsIn: "image", ...names },
      names,
    ];
    for (const wishes of all) expect(() => readPlace(wishes)).not.toThrow();
  });
});

describe("where the server is reached", () => {
  const at = (publishedHost: string, ip: string) =>
    serverUrl({ publishedHost } as never, { ip, port: 8080 });
  test.each([
    ["127.0.0.1", "127.0.0.1", "http://127.0.0.1:8080"],
    ["127.0.0.1", "0.0.0.0", "http://127.0.0.1:8080"],
    ["127.0.0.1", "::1", "http://[::1]:8080"],
    ["127.0.0.1", "192.0.2.7", "http://192.0.2.7:8080"],
    ["engine.example", "0.0.0.0", "http://engine.example:8080"],
  ])("engine at %s, published on %s: %s", (host, ip, url) => {
    expect(at(host, ip)).toBe(url);
  });
});

test("records are kept where XDG says, and a relative path there counts for nothing", () => {
  expect(stateDirectory({ XDG_STATE_HOME: "/state", HOME: "/home/u" })).toBe(
    "/state/ollama-bundle",
  );
  expect(stateDirectory({ XDG_STATE_HOME: "state", HOME: "/home/u" })).toBe(
    "/home/u/.local/state/ollama-bundle",
  );
});
