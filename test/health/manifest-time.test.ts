import { expect, test } from "vitest";
import { checkServer } from "../../src/health/check-server.ts";
import { scriptedOllama, TINY } from "./scripted-ollama.ts";

const modifiedAt = Date.UTC(2026, 10, 21, 2, 16, 49, 769);

test.each([
  ["2026-11-21T02:16:49.769034209Z", "ok"],
  ["2026-11-21T02:16:49.769999999Z", "ok"],
  ["2026-11-21T07:46:49.769+05:30", "ok"],
  ["2026-11-21T02:16:49.77Z", "failed"],
  ["2026-11-21T02:16:49Z", "failed"],
  [undefined, "failed"],
])("a manifest of %s, where one of 02:16:49.769 is expected: %s", async (modified_at, result) => {
  const listed = { name: "tiny:latest", digest: TINY.digest, size: TINY.size, modified_at };
  await using ollama = await scriptedOllama({
    "GET /api/tags": () => ({ body: { models: [listed] } }),
  });
  const { checks } = await checkServer(ollama.url, { models: [{ ...TINY, modifiedAt }] });
  expect(checks.find(({ check }) => check === "listed")).toMatchObject({ result });
});
