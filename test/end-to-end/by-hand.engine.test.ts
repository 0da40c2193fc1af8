import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uniqueName } from "../support/built-image.ts";
import { describeEngine } from "../support/hosts.ts";
import { bundleSucceeds } from "./support/bundle-command.ts";
import { type ConnectedSide, TINY_MODELS, connectedSide } from "./support/connected-side.ts";
import { DockerHost } from "./support/docker-host.ts";
import { ollamaImageInRegistry } from "./support/ollama-image.ts";
import { readInspection, servedModels } from "./support/served-models.ts";

const run = promisify(execFile);

/** The names that README.txt uses. */
const CONTAINER = "ollama";
const TAG = "ollama-preloaded:latest";

describeEngine("docker-20.10", "a bundle used by hand, created on", (creatingHost) => {
  const creating = new DockerHost(creatingHost);
  const name = uniqueName();
  let side: ConnectedSide;
  let image: string;
  let extracted: string;

  beforeAll(async () => {
    side = await connectedSide();
    image = await ollamaImageInRegistry(creating);
    const what = ["--models", TINY_MODELS, "--image", image, "--name", name];
    const from = ["--model-registry", side.registry.url];
    await creating.bundleSucceeds(["create", ...what, ...from, "-o", "by-hand.tar.gz"], {
      home: side.path,
    });
    await run("tar", ["-xzf", "by-hand.tar.gz"], { cwd: side.path });
    extracted = join(side.path, name);
  });
  afterAll(async () => {
    await creating.remove({ images: [image] });
    await side[Symbol.asyncDispose]();
  });

  describeEngine("docker-20.10-offline", "with stock tools alone on", (host) => {
    const offline = new DockerHost(host);
    afterAll(() => offline.remove({ containers: [CONTAINER], images: [TAG, image] }));

    test("serves the same models after the commands of its README.txt, as they stand there", async () => {
      const commands = commandsOf(await readFile(join(extracted, "README.txt"), "utf8"));
      expect(commands).toEqual([
        "sha256sum -c SHA256SUMS",
        "tar -C image -c . | docker load",
        expect.stringMatching(/^docker build -f Dockerfile\.models /),
        expect.stringMatching(/^docker run /),
        expect.stringMatching(/^docker exec /),
      ]);
      for (const command of commands.slice(0, -1)) {
        await offline.succeeds(["sh", "-c", command], extracted);
      }
      await offline.untilAnswers("http://127.0.0.1:11434/api/version");
      const listed = await offline.succeeds(["sh", "-c", commands.at(-1) ?? ""], extracted);
      expect(listed.stdout).toContain("tiny-embed:latest");
      const inspected = await bundleSucceeds(["inspect", "--json", "by-hand.tar.gz"], {
        home: side.path,
      });
      const { digests } = readInspection(inspected.stdout);
      const served = servedModels(await offline.get("http://127.0.0.1:11434/api/tags"));
      expect(served).toEqual(digests);
    });
  });
});

/** The indented lines, but for those that type this tool's own name. */
function commandsOf(readme: string): string[] {
  const indented = readme.split("\n").filter((line) => line.startsWith("    "));
  return indented.map((line) => line.trim()).filter((line) => !line.startsWith("ollama-bundle "));
}
