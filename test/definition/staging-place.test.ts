import { expect, test } from "vitest";
import { parseImageLocation } from "../../src/definition/image-location.ts";
import { imageThatPulls, stagingPlace } from "../../src/definition/staging-place.ts";

test("a directory, or none, is where everything is staged", () => {
  expect(stagingPlace({ staging: "/srv/staging", others: { ca: "ca.pem" } })).toEqual({
    directory: "/srv/staging",
  });
  expect(stagingPlace({ others: {} }).directory).toBeUndefined();
  expect(stagingPlace({ staging: "./volume:a", others: {} })).toEqual({ directory: "./volume:a" });
});

test("volume:NAME and --pull-with ollama name the Docker volume to pull into", () => {
  expect(stagingPlace({ staging: "volume:models", pullWith: "ollama", others: {} })).toEqual({
    pullVolume: "models",
  });
});

test.each([
  [{ staging: "volume:models" }, 'Cannot use "volume:models" as a staging volume'],
  [{ pullWith: "ollama" }, "no Docker volume is named to pull into"],
  [{ staging: "/srv/staging", pullWith: "ollama" }, "no Docker volume is named to pull into"],
  [{ staging: "volume:a/b", pullWith: "ollama" }, "no Docker volume is named to pull into"],
  [{ staging: "volume:", pullWith: "ollama" }, "no Docker volume is named to pull into"],
  [{ staging: "volume:models", pullWith: "curl" }, 'Cannot pull with "curl": expected ollama'],
])("one without the other is refused, with what to type: %j", (wishes, message) => {
  expect(() => stagingPlace({ ...wishes, others: {} })).toThrow(
    expect.objectContaining({
      code: "USAGE",
      message: expect.stringContaining(message),
      hint: expect.stringContaining("--staging volume:NAME --pull-with ollama"),
    }),
  );
});

test("a setting that would not reach Ollama is refused by its name, and not passed over", () => {
  const others = { "from-store": undefined, ca: "ca.pem" };
  expect(() => stagingPlace({ staging: "volume:models", pullWith: "ollama", others })).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringContaining("--ca together") }),
  );
});

test("the image that pulls comes through the engine and in no other way", () => {
  const expected = { transport: "docker-daemon", reference: "docker.io/ollama/ollama:0.24.0" };
  for (const text of ["ollama/ollama:0.24.0", "docker-daemon:ollama/ollama:0.24.0"])
    expect(imageThatPulls(parseImageLocation(text))).toEqual(expected);
});

test.each(["docker://ollama/ollama", "oci:layout", "docker-archive:a.tar", "oci-archive:b.tar"])(
  "pulling with the image %s is refused, and so is pulling without one",
  (text) => {
    const refusal = expect.objectContaining({
      code: "USAGE",
      hint: expect.stringContaining("--from-store volume:NAME"),
    });
    expect(() => imageThatPulls(parseImageLocation(text))).toThrow(refusal);
    expect(() => imageThatPulls(undefined)).toThrow(refusal);
  },
);
