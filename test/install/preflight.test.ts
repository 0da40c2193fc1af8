import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
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
import { engineSpace, spaceProblem, spaceWarning } from "../../src/install/space.ts";
import { assertFewLayers, assertNamesFit } from "../../src/install/suitable.ts";
import { stateDirectory } from "../../src/install/state-directory.ts";

const info: EngineInfo = {
  product: "Docker",
  version: "1",
  apiVersion: "1",
  platform: "linux/amd64",
  usesContainerdStore: false,
  dataRoot: tmpdir(),
  isLocal: true,
  memory: 8e9,
};

function holder(published: string, isRunning = true): EngineContainer {
  return { id: "1", name: "web", image: "nginx", isRunning, labels: {}, published: [published] };
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
  test("is twice the image, for the spooled archive and its layers, and the models", async () => {
    const [need, ...more] = await engineSpace(info, { layers: 100, volume: 10 });
    expect(more).toEqual([]);
    expect(need).toMatchObject({ path: tmpdir(), needed: 210, free: expect.any(Number) });
    expect(need && spaceProblem(need)).toBeUndefined();
  });

  test("that is too little is a problem with both numbers", async () => {
    const [need] = await engineSpace(info, { layers: 1e18, volume: 0 });
    const problem = need && spaceProblem(need);
    expect(problem).toMatchObject({ code: "NO_SPACE" });
    expect(problem?.message).toMatch(/2,000,000,000,000,000,000 bytes are needed, [\d,]+ are free/);
  });

  test("that cannot be known is said, for an engine elsewhere and for containerd's directory", async () => {
    const remote = await engineSpace({ ...info, isLocal: false }, { layers: 100, volume: 10 });
    expect(remote.map(spaceWarning)).toEqual([
      expect.stringContaining("the engine runs on another host; 210 bytes"),
    ]);
    const containerd = await engineSpace(
      { ...info, usesContainerdStore: true },
      { layers: 100, volume: 10 },
    );
    expect(containerd.map(spaceWarning)).toEqual([
      expect.stringContaining("containerd keeps images"),
      undefined,
    ]);
  });

  test("of memory: a model that is larger draws a warning", () => {
    const model = {
      name: "registry.ollama.ai/library/m:70b",
      size: 9e9,
      digest: "",
      capabilities: [],
      licenses: [],
      blobs: [],
    };
    expect(memoryWarnings([model], 8e9)).toEqual([
      expect.stringMatching(/^"m:70b" has 9\.0 GB and this host 8\.0 GB/),
    ]);
    expect(memoryWarnings([model], 16e9)).toEqual([]);
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
    const selection = { models, blobs: [], manifests: [] };
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
