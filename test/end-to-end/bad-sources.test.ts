import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tarOf } from "../../src/core/tar.ts";
import { AMD64, S390X, imageOf } from "../source/image-place.ts";
import { ociLayout, writeFiles } from "../source/oci-layout.ts";
import { savedImage } from "../source/saved-image.ts";
import { runBundle } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";

const NO_REGISTRY = "http://127.0.0.1:1";
const NO_ENGINE = "unix:///nonexistent/docker.sock";

describe("what is not as it must be where create takes things from, told with exit code and name, and no bundle written:", () => {
  let side: ConnectedSide;
  beforeAll(async () => {
    side = await connectedSide();
    const archive = (name: string, platform: typeof AMD64): Promise<void> =>
      writeFile(join(side.path, name), tarOf(savedImage(["a"], { platform }).files));
    await archive("ours.tar", AMD64);
    await archive("theirs.tar", S390X);
    const theirs = { name: "x:1", images: [imageOf(S390X, ["a"]), imageOf(S390X, ["b"])] };
    await writeFiles(join(side.path, "layout"), ociLayout([theirs]));
    await writeFile(join(side.path, "layout.tar"), tarOf(ociLayout([theirs])));
  });
  afterAll(() => side[Symbol.asyncDispose]());

  test.each([
    [
      "an archive of another platform",
      "docker-archive:theirs.tar",
      /theirs\.tar" for linux\/amd64: there is only linux\/s390x/,
    ],
    [
      "an archive without the tag",
      "docker-archive:ours.tar:example/image:2",
      /"docker\.io\/example\/image:2" in ".*ours\.tar": it has "docker\.io\/example\/image:1"/,
    ],
    [
      "an index without our platform",
      "oci:layout:x:1",
      /layout" for linux\/amd64: there is only linux\/s390x/,
    ],
    [
      "an archive of an index without our platform",
      "oci-archive:layout.tar:x:1",
      /layout\.tar" for linux\/amd64: there is only linux\/s390x/,
    ],
    ["a layout without the tag", "oci:layout:x:2", /"x:2" in ".*layout": it has "x:1"/],
    ["a layout that is not there", "oci:nowhere", /nowhere/],
  ])("%s", async (_, image, names) => {
    const what = ["--models", "none", "--image", image, "--platform", "linux/amd64"];
    expect(await create(what)).toEqual(refusal(names));
  });

  test("a store with a damaged blob, and no registry", async () => {
    const manifest = join(side.store, "manifests/registry.ollama.ai/library/tiny/latest");
    const { layers } = JSON.parse(await readFile(manifest, "utf8"));
    const blob = join(side.store, `blobs/${layers[0].digest.replace(":", "-")}`);
    const whole = await readFile(blob);
    await writeFile(blob, Buffer.from(whole).fill(0, 1000, 1001));
    const names = new RegExp(`"${blob}".*blob of "registry\\.ollama\\.ai/library/tiny:latest"`);
    expect(await create(fromStore(side.store))).toEqual(refusal(names));
    await writeFile(blob, whole);
  });

  test.each([
    ["a store that is none", "nowhere", 3, /nowhere[^]*OLLAMA_MODELS/],
    ["a volume without a name", "volume:", 2, /"volume:" as a model store/],
    ["a container where no engine answers", "container:ollama", 5, /nonexistent\/docker\.sock/],
  ] as const)("%s", async (...[, store, exitCode, names]) => {
    expect(await create(fromStore(store))).toEqual(refusal(names, exitCode));
  });

  function fromStore(store: string): string[] {
    const registry = ["--model-registry", NO_REGISTRY];
    return ["--models", "tiny", "--image", "none", "--from-store", store, ...registry];
  }

  /** What a `create` ends with that must not leave anything under its bundle's name. */
  async function create(what: readonly string[]) {
    const { exitCode, stderr } = await runBundle(["create", ...what, "-o", "x.tar.gz"], {
      home: side.path,
      env: { DOCKER_HOST: NO_ENGINE },
    });
    const left = (await readdir(side.path)).filter((name) => name.startsWith("x.tar.gz"));
    return { exitCode, stderr, left };
  }

  function refusal(names: RegExp, exitCode = 3) {
    const told = new RegExp(`^error: (?=[^]*${names.source})[^]*\\nhint: `, "m");
    return { exitCode, stderr: expect.stringMatching(told), left: [] };
  }
});
