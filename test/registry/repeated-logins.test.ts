import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { RegistryClient } from "../../src/registry/registry-client.ts";
import { auth, loginHome } from "./login-home.ts";
import { serve } from "./serve.ts";

const request = { reference: "latest", accept: "*/*", maxSize: 100, what: "it", ifMissing: "no" };

test.each([
  ["a login", auth("ann", "pass-word"), () => 'Basic realm="r"'],
  ["an identity token", { identitytoken: "pass-word" }, (url: string) => `Bearer realm="${url}"`],
])("%s comes back in no message, whatever the registry repeats", async (_, entry, challenge) => {
  await using registry = await serve((incoming, response) => {
    const { authorization, host } = incoming.headers;
    if (authorization === undefined && incoming.method === "GET") {
      response.writeHead(401, { "WWW-Authenticate": challenge(`http://${host}/token`) }).end("no");
      return;
    }
    void text(incoming).then((form) => {
      const message = `bad: ${authorization} is ${atob(authorization?.slice(6) ?? "")} or ${form}`;
      response.writeHead(400).end(JSON.stringify({ errors: [{ message }] }));
    });
  });
  const base = new URL(registry.url);
  await using home = await loginHome({ ".docker/config.json": { auths: { [base.host]: entry } } });
  const client = new RegistryClient({ env: home.env });
  const error: unknown = await client
    .manifest({ base, path: "team/m" }, request, {})
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ message: expect.stringMatching(/ answers 400: bad: .*…/) });
  expect(JSON.stringify(error) + String(error)).not.toMatch(/pass-word|YW5uOnBhc3Mt/);
});
