import { describe, expect, test } from "vitest";
import { definitionOf } from "../../src/definition/definition.ts";
import { parseDefinition } from "../../src/definition/read-definition-file.ts";

const defaults = { name: "bundle", platform: "linux/amd64" };

describe("a definition", () => {
  test("is the same from flags and from a file", () => {
    const file = parseDefinition(
      "image: ollama/ollama:0.24.0\nmodels: [llama3.2, 'gemma:2b']\n",
      "x.yaml",
    );
    const flags = { image: "ollama/ollama:0.24.0", models: ["llama3.2", "gemma:2b"] };
    expect(definitionOf(file, defaults)).toEqual(definitionOf(flags, defaults));
  });

  test("spells every name out", () => {
    expect(definitionOf({ models: ["gemma:2b", "hf.co/user/repo:Q4_K_M"] }, defaults)).toEqual({
      name: "bundle",
      platform: "linux/amd64",
      image: { transport: "any", reference: "docker.io/ollama/ollama:latest" },
      models: [
        { host: "registry.ollama.ai", namespace: "library", model: "gemma", tag: "2b" },
        { host: "hf.co", namespace: "user", model: "repo", tag: "Q4_K_M" },
      ],
    });
  });

  test("packs the image alone or the models alone when told none", () => {
    expect(definitionOf({ models: "none" }, defaults).models).toEqual([]);
    expect(definitionOf({ image: "none", models: ["a"] }, defaults).image).toBeUndefined();
  });

  test.each([
    ["no models named", {}, "no models are named"],
    [
      "neither image nor models",
      { image: "none", models: "none" as const },
      "neither an image nor a model",
    ],
    ["a malformed model name", { models: ["../etc/passwd"] }, '"../etc/passwd"'],
    ["a model name with a space", { models: ["a b"] }, '"a b"'],
    ["a malformed image name", { models: ["a"], image: "Ollama:!" }, '"Ollama:!"'],
    ["names that differ only in case", { models: ["a:Q4", "a:q4"] }, "differ only in case"],
  ])("is refused for %s, by name", (_, fields, text) => {
    expect(() => definitionOf(fields, defaults)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(text) }),
    );
  });

  test.each([
    ["broken YAML", "models: [a\nimage: b\n", "line 2"],
    ["a field of the wrong type", "name: ok\nmodels:\n  - 7\n", 'line 3: field "models"'],
    [
      "none among models",
      "name: ok\nmodels: [tiny, none]\n",
      'line 2: field "models": "none" stands',
    ],
    [
      "an empty model name",
      "models:\n  - tiny\n  - ''\n",
      'field "models": one of the names is empty',
    ],
    ["an unknown field", "models: [a]\nmodel: b\n", 'line 2: field "model"'],
    ["a name that cannot be one", "models: [a]\nname: 'a b'\n", 'line 2: field "name"'],
    [
      "an alias bomb",
      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nmodels: [*b,*b,*b,*b,*b]\n",
      "definition",
    ],
  ])("in a file is refused for %s, by line and field", (_, text, expected) => {
    expect(() => parseDefinition(text, "x.yaml")).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(expected) }),
    );
  });
});
