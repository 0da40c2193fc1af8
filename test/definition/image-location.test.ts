import { describe, expect, test } from "vitest";
import { parseImageLocation } from "../../src/definition/image-location.ts";

const REFERENCE = "docker.io/ollama/ollama:0.24.0";

describe("where an image comes from", () => {
  test.each([
    ["ollama/ollama:0.24.0", { transport: "any", reference: REFERENCE }],
    ["docker://ollama/ollama:0.24.0", { transport: "docker", reference: REFERENCE }],
    ["docker-daemon:ollama/ollama:0.24.0", { transport: "docker-daemon", reference: REFERENCE }],
    ["docker-archive:a/b.tar", { transport: "docker-archive", path: "a/b.tar" }],
    [
      "docker-archive:a/b.tar:ollama/ollama:0.24.0",
      { transport: "docker-archive", path: "a/b.tar", name: REFERENCE },
    ],
    ["oci:/a b/ü", { transport: "oci", path: "/a b/ü" }],
    ["oci:dir:0.24.0", { transport: "oci", path: "dir", name: "0.24.0" }],
    ["oci:dir:host:5000/a/b:1", { transport: "oci", path: "dir", name: "host:5000/a/b:1" }],
    ["oci-archive:a.tar:1", { transport: "oci-archive", path: "a.tar", name: "1" }],
    [String.raw`oci:C:\a\b:1`, { transport: "oci", path: String.raw`C:\a\b`, name: "1" }],
    ["oci:c:1", { transport: "oci", path: "c", name: "1" }],
  ])("is told by skopeo's names: %s", (text, location) => {
    expect(parseImageLocation(text)).toEqual(location);
  });

  test.each(["oci:", "docker-archive::a:1", "docker-archive:a.tar:A b", "docker://", "docker:a/b"])(
    "is refused for %j, by what was typed",
    (text) => {
      expect(() => parseImageLocation(text)).toThrow(
        expect.objectContaining({ code: "IMAGE_REFERENCE_INVALID", exitCode: 2 }),
      );
    },
  );
});
