import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { describeEngine } from "../support/hosts.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import { EngineFixture } from "./engine-fixture.ts";
import { treeOf } from "./store-tree.ts";
import { promised } from "./tiny-bundle.ts";

// The other engine has a root of its own and does not see this machine's directories.
describeEngine("docker-20.10", "with the models in a directory of the host", (host) => {
  let fixture: EngineFixture;
  let bundle: WrittenBundle;
  beforeAll(async () => {
    fixture = await EngineFixture.start(host);
    bundle = await fixture.bundle();
  });
  afterAll(() => fixture[Symbol.asyncDispose]());
  afterEach(() => fixture.forget(bundle));

  test("whose path has spaces and letters of other scripts: served with the promised digests, also after a restart", async () => {
    await using names = fixture.names();
    const path = join(fixture.directory, "Modèles für 模型 и данные");
    const { report, error } = await fixture.install({
      bundle: bundle.path,
      modelsIn: `dir:${path}`,
      ...names,
    });
    expect(error).toBeUndefined();
    expect(report?.plan).toMatchObject({ modelsIn: "dir", names: { directory: path } });
    expect(await fixture.tags(names.publish)).toEqual(promised(bundle));
    await fixture.docker("restart", names.container);
    await vi.waitFor(
      async () => expect(await fixture.tags(names.publish)).toEqual(promised(bundle)),
      { timeout: 30_000 },
    );
    expect(Object.keys(await treeOf(path)).filter((each) => !each.includes("/"))).toEqual([
      "blobs",
      "manifests",
    ]);
    const { stdout } = await fixture.docker(
      "inspect",
      "--format",
      "{{json .HostConfig.Binds}}",
      names.container,
    );
    expect(JSON.parse(stdout)).toEqual([`${path}:/opt/ollama/models:z`]);
    const receipt: unknown = JSON.parse(await readFile(report?.receipt ?? "", "utf8"));
    expect(receipt).toMatchObject({ modelsIn: "dir", directory: path });
  });

  test("a bundle that is damaged leaves directory and engine as they were", async () => {
    await using names = fixture.names();
    const path = join(fixture.directory, "store");
    await mkdir(path);
    await writeTinyModels(path);
    await rm(join(path, "manifests/registry.ollama.ai/library/tiny/second"));
    const before = [await treeOf(path), await fixture.state()];
    const bytes = await readFile(bundle.path);
    const at = bytes.lastIndexOf(`${bundle.manifest.name}/MODELS.txt`);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(`${bundle.path}.damaged`, bytes);
    const { error } = await fixture.install({
      bundle: `${bundle.path}.damaged`,
      modelsIn: `dir:${path}`,
      ...names,
    });
    expect(error).toMatchObject({ code: "DAMAGED" });
    expect([await treeOf(path), await fixture.state()]).toEqual(before);
  });
});
