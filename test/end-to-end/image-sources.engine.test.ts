import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import { inspectBundle } from "../../src/inspect-bundle.ts";
import { imageOf } from "../source/image-place.ts";
import { pushImage } from "../source/push-image.ts";
import { uniqueName } from "../support/built-image.ts";
import { describeEngine, testRegistry } from "../support/hosts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { bundleSucceeds, runBundle } from "./support/bundle-command.ts";
import { DockerHost } from "./support/docker-host.ts";

const NO_ENGINE = "unix:///nonexistent/docker.sock";

describeEngine("docker-20.10", "the same image in a registry", (host) => {
  const docker = new DockerHost(host);
  const repository = `sources/${uniqueName()}`;
  let reference: string;
  let digest: string;
  let home: Awaited<ReturnType<typeof temporaryDirectory>>;
  let throughEngine: Buffer;
  beforeAll(async () => {
    home = await temporaryDirectory();
    reference = `${testRegistry()}/${repository}:0.24.0`;
    const engine = await connectEngine({ dockerHost: host.dockerHost, env: {} });
    const [os = "", architecture = ""] = (await engine.info()).platform.split("/");
    ({ digest } = await pushImage(`http://${testRegistry()}/v2/${repository}`, "0.24.0", [
      imageOf({ os, architecture: "s390x" }, ["other"]),
      imageOf({ os, architecture }, [uniqueName(), "b".repeat(500_000), "a"]),
    ]));
    throughEngine = await bundled("engine", `docker-daemon:${reference}`, host.dockerHost);
    await docker.docker("save", "-o", join(home.path, "saved.tar"), reference);
    await docker.remove({ images: [reference] });
    const registry = ["--src-tls-verify=false", `docker://${reference}`];
    const copy = ["skopeo", "copy", "--all", "--quiet", ...registry];
    await docker.succeeds([...copy, `oci:${join(home.path, "layout")}:${reference}`]);
    await docker.succeeds([...copy, `oci-archive:${join(home.path, "layout.tar")}:${reference}`]);
  });
  afterAll(() => home[Symbol.asyncDispose]());

  test.each([
    ["from the registry", () => `docker://${reference}`],
    ["by its plain name, where there is no engine", () => reference],
    ["from a layout of skopeo", () => `oci:layout:${reference}`],
    ["from an archive of skopeo", () => "oci-archive:layout.tar"],
  ])("gives the same bundle as through the engine: %s", async (name, image) => {
    const bytes = await bundled(name.replaceAll(/\W/g, "-"), image());
    expect(bytes.equals(throughEngine), "the same bytes").toBe(true);
  });

  test("gives the same bundle from what docker saved, but for the registry's digest, which that does not tell", async () => {
    await bundled("saved", "docker-archive:saved.tar");
    const [engine, saved] = [await inspected("engine"), await inspected("saved")];
    expect(engine.images[0]?.sourceDigest).toBe(digest);
    expect(saved.images[0]).not.toHaveProperty("sourceDigest");
    expect([{ ...saved.images[0], sourceDigest: digest }]).toEqual(engine.images);
    const tellsIt = /^(?:MODELS\.(?:txt|json)|SHA256SUMS)$/;
    const content = ({ files }: typeof saved) => files.filter(({ path }) => !tellsIt.test(path));
    expect(content(saved)).toEqual(content(engine));
  });

  test("says where it comes from, and why not from an engine", async () => {
    const args = argsFor("plan", reference).concat("--dry-run");
    const { stdout, stderr } = await bundleSucceeds(args, at(NO_ENGINE));
    expect(stdout).toContain(`${reference} comes from the registry ${testRegistry()}`);
    expect(stderr).toContain("not from an engine: Cannot reach a container engine");
  });

  test("is refused where that speaks plain HTTP and nobody said so, with what to type", async () => {
    const args = ["create", "--models", "none", "--image", `docker://${reference}`];
    expect(await runBundle(args, at(NO_ENGINE))).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining(`--insecure-registry ${testRegistry()}`),
    });
  });

  async function bundled(name: string, image: string, dockerHost = NO_ENGINE): Promise<Buffer> {
    await bundleSucceeds(argsFor(name, image), at(dockerHost));
    await bundleSucceeds(["verify", `${name}.tar.gz`], at(NO_ENGINE));
    return readFile(join(home.path, `${name}.tar.gz`));
  }

  function argsFor(name: string, image: string): string[] {
    const what = ["--models", "none", "--image", image, "--name", "same"];
    const where = ["--staging", join(home.path, name), "-o", `${name}.tar.gz`];
    return ["create", ...what, ...where, "--insecure-registry", testRegistry()];
  }

  function inspected(name: string): ReturnType<typeof inspectBundle> {
    return inspectBundle({ bundle: join(home.path, `${name}.tar.gz`) });
  }

  function at(dockerHost: string) {
    return { home: home.path, env: { DOCKER_HOST: dockerHost } };
  }
});
