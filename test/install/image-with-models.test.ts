import { describe, expect, test } from "vitest";
import { BundleError, DefinitionError } from "../../src/core/errors.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { parseImageReference } from "../../src/core/image-reference.ts";
import { defaultTag, loadedImageName, readTag } from "../../src/install/image-names.ts";
import { addLayers, archiveFrame } from "../../src/install/image-with-models.ts";

const id = "0123456789abcdef".repeat(4);
const layer = (text: string) => `sha256:${sha256Hex(text)}`;

describe("an image's config with models on top", () => {
  const base = {
    architecture: "amd64",
    os: "linux",
    created: "2026-01-02T03:04:05Z",
    config: { Env: ["A=b"], "x-unknown": { kept: true } },
    history: [{ created_by: "FROM" }, { created_by: "ENV", empty_layer: true }],
    rootfs: { type: "layers", diff_ids: [layer("base")] },
  };
  const added = [{ diffId: layer("models"), describedAs: "models" }];

  test("has the added layers last, one history entry each, and all else as it was", () => {
    const config = JSON.parse(
      addLayers(Buffer.from(JSON.stringify(base)), added).toString(),
    ) as unknown;
    expect(config).toEqual({
      ...base,
      history: [...base.history, { created: base.created, created_by: "models" }],
      rootfs: { type: "layers", diff_ids: [layer("base"), layer("models")] },
    });
  });

  test("has the same bytes each time, also without a history or a time", () => {
    const bare = Buffer.from(JSON.stringify({ rootfs: { diff_ids: [] }, history: null }));
    expect(addLayers(bare, added)).toEqual(addLayers(bare, added));
    expect(JSON.parse(addLayers(bare, added).toString())).toEqual({
      rootfs: { diff_ids: [layer("models")] },
      history: [{ created_by: "models" }],
    });
  });

  test.each(["", "[]", "{}", '{"rootfs":{"diff_ids":[1]}}'])("refuses %j as a config", (text) => {
    expect(() => addLayers(Buffer.from(text), added)).toThrow(BundleError);
  });
});

describe("the archive that an engine loads", () => {
  test("names a layer that repeats as often as the image has it", () => {
    const layers = ["a", "b", "a"].map((text) => ({ diffId: layer(text), size: 10 }));
    const frame = archiveFrame("ollama-bundle.local/x:1", Buffer.from("{}"), layers);
    const [docker] = JSON.parse(frame.dockerManifest.toString()) as {
      Layers: string[];
      RepoTags: string[];
    }[];
    expect(docker?.Layers).toEqual(
      ["a", "b", "a"].map((text) => `blobs/sha256/${sha256Hex(text)}`),
    );
    expect(docker?.RepoTags).toEqual(["ollama-bundle.local/x:1"]);
    const index = JSON.parse(frame.index.toString()) as {
      manifests: { digest: string; annotations: object }[];
    };
    expect(index.manifests).toMatchObject([
      {
        digest: `sha256:${sha256Hex(frame.manifest)}`,
        annotations: { "io.containerd.image.name": "ollama-bundle.local/x:1" },
      },
    ]);
  });
});

describe("names of images", () => {
  test.each([
    ["bundle", "bundle"],
    ["Site-A", "site-a"],
    ["a..b", "a-b"],
    ["a-_b", "a-b"],
    ["a__b", "a__b"],
    ["a---b", "a---b"],
    ["v1.2.", "v1.2"],
    ["X_._", "x"],
  ])("a bundle %s is loaded as %s", (name, repository) => {
    const loaded = loadedImageName({ name, id });
    expect(loaded).toBe(`ollama-bundle.local/${repository}:0123456789ab`);
    expect(parseImageReference(loaded)).toMatchObject({
      registry: "ollama-bundle.local",
      repository,
    });
  });

  test("with models it has another name than without, and for each choice of models another", () => {
    const names = [undefined, "a".repeat(64), "b".repeat(64)].map((config) =>
      loadedImageName({ name: "x", id }, config),
    );
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(() => parseImageReference(name)).not.toThrow();
  });

  test("every bundle's default tag is a name that engines take", () => {
    for (const name of ["a", "A.b_c-", `x${"-".repeat(63)}`]) {
      expect(readTag(defaultTag(name))).toBe(`docker.io/library/ollama-preloaded:${name}`);
    }
  });

  test("a tag is read in full, and one with a digest is refused", () => {
    expect(readTag("mine")).toBe("docker.io/library/mine:latest");
    expect(readTag("registry.example:5000/a/b:c")).toBe("registry.example:5000/a/b:c");
    expect(() => readTag(`mine@sha256:${id}`)).toThrow(DefinitionError);
    expect(() => readTag("Mine Own")).toThrow(DefinitionError);
  });
});
