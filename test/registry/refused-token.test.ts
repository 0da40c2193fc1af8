import { join } from "node:path";
import { expect, test } from "vitest";
import { runBundle } from "../cli/run-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { serve } from "./serve.ts";

test("the command ends when a token service refuses, and does not wait for what it did not read", async () => {
  await using registry = await serve(({ url, headers }, response) => {
    const challenge = `Bearer realm="http://${headers.host}/token",service="s"`;
    response.writeHead(401, { "WWW-Authenticate": challenge });
    if (url?.startsWith("/token")) response.end("no");
    else response.write("the rest never comes");
  });
  await using home = await temporaryDirectory();
  const from = ["--models", "tiny", "--image", "none", "--model-registry", registry.url];
  const result = await runBundle(["create", ...from, "-o", join(home.path, "b.tar.gz")], {
    env: { HOME: home.path },
  });
  expect(result).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining("error: Cannot fetch a token for"),
  });
});
