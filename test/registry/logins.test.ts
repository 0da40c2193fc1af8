import { createPublicKey, verify } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { readOllamaKey } from "../../src/registry/ollama-key.ts";
import { RegistryClient, type RegistryOptions } from "../../src/registry/registry-client.ts";
import { connectProxy } from "./connect-proxy.ts";
import { auth, loginHome } from "./login-home.ts";
import { serve } from "./serve.ts";
import { TEST_AUTHORITY, TEST_SERVER } from "./test-authority.ts";
import { TEST_KEY } from "./test-ollama-key.ts";

const retry = { retries: 1, firstDelayMs: 1, maxDelayMs: 1 };
const DOCKER = ".docker/config.json";
const BASIC = `Basic ${auth("ann", "pass-word").auth}`;

describe("a registry that wants a password", () => {
  test("is shown the login of docker, after it asked once, and with every further request at once", async () => {
    await using registry = await serve(wantsBasic);
    await using home = await homeWith(registry.url, auth("ann", "pass-word"));
    const client = new RegistryClient({ retry, env: home.env });
    expect(await manifest(client, registry.url)).toBe("{}");
    expect(await manifest(client, registry.url)).toBe("{}");
    expect(registry.requests).toEqual([undefined, BASIC, BASIC]);
  });

  test("is told by where the login was found where it refuses it, and not by the login", async () => {
    await using registry = await serve(wantsBasic);
    await using home = await homeWith(registry.url, auth("ann", "old-word"));
    const error = await refusal(new RegistryClient({ retry, env: home.env }), registry.url);
    const { host } = new URL(registry.url);
    expect(error).toMatchObject({
      code: "REFUSED",
      message: `Cannot fetch the manifest of "m": ${registry.url}v2/team/m/manifests/latest answers 401: who are you; it was asked with the login in "${join(home.path, DOCKER)}"`,
      hint: expect.stringContaining(`Log in again with \`docker login ${host}\``),
    });
    expect(registry.requests).toHaveLength(2);
  });

  test("is told of with every place in which there is no login for it", async () => {
    await using registry = await serve(wantsBasic);
    await using home = await loginHome();
    const error = await refusal(new RegistryClient({ retry, env: home.env }), registry.url);
    const { host } = new URL(registry.url);
    expect(error).toMatchObject({
      message: expect.stringContaining(
        `it was asked without a login: none for "${host}" in "${join(home.path, DOCKER)}" or "`,
      ),
      hint: expect.stringContaining(`\`docker login ${host}\` or \`podman login ${host}\``),
    });
    expect(registry.requests).toEqual([undefined]);
  });
});

describe("a registry that wants a token", () => {
  test("has it made out by its token service, to who shows the login", async () => {
    await using registry = await serve(wantsToken((request) => request.headers.authorization));
    await using home = await homeWith(registry.url, auth("ann", "pass-word"));
    const client = new RegistryClient({ retry, env: home.env });
    expect(await manifest(client, registry.url)).toBe("{}");
    expect(registry.requests).toEqual([undefined, BASIC, "Bearer good"]);
  });

  test("is shown a token for which the identity token is exchanged", async () => {
    const form = async (request: IncomingMessage) => {
      const { scope, ...rest } = Object.fromEntries(new URLSearchParams(await text(request)));
      const isRight = scope === "repository:team/m:pull" && rest["refresh_token"] === "identity-1";
      return isRight && rest["grant_type"] === "refresh_token" ? BASIC : undefined;
    };
    await using registry = await serve(wantsToken(form));
    await using home = await homeWith(registry.url, { identitytoken: "identity-1" });
    expect(await manifest(new RegistryClient({ retry, env: home.env }), registry.url)).toBe("{}");
  });

  test("is told by where the login was found where its token service refuses it: it has expired", async () => {
    await using registry = await serve(wantsToken((request) => request.headers.authorization));
    await using home = await homeWith(registry.url, auth("ann", "old-word"));
    const error = await refusal(new RegistryClient({ retry, env: home.env }), registry.url);
    expect(error).toMatchObject({
      code: "REFUSED",
      message: expect.stringMatching(
        /^Cannot fetch a token for "127.*answers 401: expired; it was asked with the login in/,
      ),
      hint: expect.stringContaining("docker login"),
    });
  });

  test("is not asked over HTTP for a token where the registry itself is on HTTPS", async () => {
    await using registry = await serveSecure((_, response) => {
      const challenge = 'Bearer realm="http://registry.example/token",service="s"';
      response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    });
    await using home = await homeWith(registry.url, auth("ann", "pass-word"));
    const client = new RegistryClient({ retry, env: home.env, ca: [TEST_AUTHORITY] });
    expect(await refusal(client, registry.url)).toMatchObject({
      message: expect.stringContaining(
        "it is to come from http://registry.example/token, which is not HTTPS",
      ),
    });
  });
});

describe("the key of an Ollama", () => {
  test("signs the address of the token service, with a time and a nonce", async () => {
    const seen: string[] = [];
    await using registry = await serve(
      wantsToken((request) => {
        const url = new URL(request.url ?? "", `http://${request.headers.host}`);
        seen.push(...[...url.searchParams.keys()].toSorted());
        return isSigned(url, request.headers.authorization ?? "") ? BASIC : undefined;
      }),
    );
    await using home = await homeWith(registry.url, auth("ann", "other"));
    const client = new RegistryClient({ retry, env: home.env, ollamaKey: await keyIn(home.path) });
    expect(await manifest(client, registry.url)).toBe("{}");
    expect(seen).toEqual(["nonce", "scope", "service", "ts"]);
  });

  test("is named, and what to do with its public half, where the registry does not know it", async () => {
    await using registry = await serve(wantsToken(() => undefined));
    await using home = await loginHome();
    const client = new RegistryClient({ retry, env: home.env, ollamaKey: await keyIn(home.path) });
    expect(await refusal(client, registry.url)).toMatchObject({
      message: expect.stringContaining(`it was asked with the key in "${join(home.path, "key")}"`),
      hint: expect.stringContaining("public half"),
    });
  });

  test("is shown to no other host that the registry names", async () => {
    await using other = await serve((_, response) => void response.end('{"token":"stolen"}'));
    await using registry = await serve((_, response) => {
      const challenge = `Bearer realm="${other.url}token",service="s"`;
      response.writeHead(401, { "WWW-Authenticate": challenge }).end("no");
    });
    await using home = await loginHome();
    const client = new RegistryClient({ retry, env: home.env, ollamaKey: await keyIn(home.path) });
    await refusal(client, registry.url);
    expect(other.requests).toEqual([undefined]);
  });
});

describe("Hugging Face", () => {
  test("is shown the token in HF_TOKEN at once, under both of its names, and its storage is not", async () => {
    const seen: (string | undefined)[][] = [];
    await using hub = await hubBehindProxy((request, response) => {
      const { host, authorization } = request.headers;
      seen.push([host, authorization]);
      const next = {
        "hf.co": "https://huggingface.co/x",
        "huggingface.co": "https://registry.example/y",
      }[host ?? ""];
      if (next === undefined) response.end("{}");
      else response.writeHead(307, { Location: next }).end();
    });
    expect(await manifest(hub.client({ HF_TOKEN: "hf_word" }), "https://hf.co/")).toBe("{}");
    expect(seen).toEqual([
      ["hf.co", "Bearer hf_word"],
      ["huggingface.co", "Bearer hf_word"],
      ["registry.example", undefined],
    ]);
    expect(hub.tunnels).toEqual(["hf.co:443", "huggingface.co:443", "registry.example:443"]);
  });

  test("is shown no token that no header can have, and HF_TOKEN is named", async () => {
    const client = new RegistryClient({ retry, env: { HF_TOKEN: "pass-word\r" } });
    expect(await refusal(client, "https://hf.co/")).toMatchObject({
      exitCode: 2,
      message: "Cannot use HF_TOKEN: no token has such characters",
    });
  });

  test.each([
    [{ HF_TOKEN: "hf_word" }, "it was asked with the token in HF_TOKEN", "has not expired"],
    [
      {},
      "it was asked without a login: HF_TOKEN is not set; none for",
      "Set HF_TOKEN to a token that may read it",
    ],
  ])("that refuses: with %j says what was tried and what to do", async (env, tried, hint) => {
    await using hub = await hubBehindProxy((_, response) =>
      response.writeHead(401).end('{"error":"Invalid username or password."}'),
    );
    const error = await refusal(hub.client(env), "https://hf.co/");
    expect(error).toMatchObject({
      code: "REFUSED",
      message: expect.stringContaining(tried),
      hint: expect.stringContaining(hint),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain("hf_word");
  });
});

test("403 says as whom the registry was asked, and 412 with which version", async () => {
  for (const [status, says] of [
    [403, /answers 403: no; it was asked without a login$/],
    [412, /a newer Ollama than 0\.24\.0 is needed; .* answers 412: no$/],
  ] as const) {
    await using registry = await serve((_, response) => response.writeHead(status).end("no"));
    const client = new RegistryClient({ retry, ollamaVersion: "0.24.0", env: {} });
    expect(await refusal(client, registry.url)).toMatchObject({
      message: expect.stringMatching(says),
    });
  }
});

test("429 tells a stranger that those who log in wait less", async () => {
  await using registry = await serve((_, response) =>
    response.writeHead(429, { "Retry-After": "4000" }).end("too many"),
  );
  expect(await refusal(new RegistryClient({ retry, env: {} }), registry.url)).toMatchObject({
    message: expect.stringContaining("it asks to wait 4,000 seconds"),
    hint: expect.stringMatching(/Those who log in wait less\. .*docker login/),
  });
});

function wantsBasic({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers.authorization === BASIC) response.end("{}");
  else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="r"' }).end("who are you");
}

/** Gives the token to those for whom `whoIs` gives {@link BASIC}. */
function wantsToken(
  whoIs: (request: IncomingMessage) => string | undefined | Promise<string | undefined>,
): RequestListener {
  const issue: RequestListener = (request, response) =>
    void Promise.resolve(whoIs(request)).then((login) => {
      if (login === BASIC) response.end('{"token":"good"}');
      else response.writeHead(401).end("expired");
    });
  return (request, response) => {
    const { url = "", headers } = request;
    if (url.startsWith("/token")) {
      issue(request, response);
    } else if (headers.authorization === "Bearer good") {
      response.end("{}");
    } else {
      const realm = `http://${headers.host}/token`;
      const challenge = `Bearer realm="${realm}",service="s",scope="repository:team/m:pull"`;
      response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    }
  };
}

function isSigned(url: URL, authorization: string): boolean {
  const [publicKey = "", signature = ""] = authorization.split(":");
  const x = Buffer.from(publicKey, "base64").subarray(-32).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  // sha256 of nothing in hex, in base64
  const nothing =
    "ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ==";
  const signed = Buffer.from(`GET,${url.href},${nothing}`);
  return verify(null, signed, key, Buffer.from(signature, "base64"));
}

async function keyIn(directory: string) {
  const path = join(directory, "key");
  await writeFile(path, TEST_KEY);
  return readOllamaKey(path);
}

function homeWith(url: string, entry: object) {
  return loginHome({ [DOCKER]: { auths: { [new URL(url).host]: entry } } });
}

async function manifest(client: RegistryClient, url: string): Promise<string> {
  const request = {
    reference: "latest",
    accept: "application/json",
    maxSize: 1000,
    what: 'the manifest of "m"',
    ifMissing: 'Cannot find model "m"',
  };
  return String(await client.manifest({ base: new URL(url), path: "team/m" }, request, {}));
}

/** What it is refused with; none of the passwords here is in it. */
async function refusal(client: RegistryClient, url: string): Promise<Error> {
  const error = await manifest(client, url).then(
    () => new Error("it was not refused"),
    (caught: Error) => caught,
  );
  expect(JSON.stringify(error) + String(error)).not.toMatch(/(?:pass|old)-word/);
  return error;
}

async function serveSecure(listener: RequestListener) {
  const server = createServer(TEST_SERVER, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A server that is hf.co, huggingface.co and registry.example for who goes through the proxy. */
async function hubBehindProxy(listener: RequestListener) {
  await using stack = new AsyncDisposableStack();
  const { port } = stack.use(await serveSecure(listener));
  const proxy = stack.use(await connectProxy(port));
  const home = stack.use(await loginHome());
  const open = stack.move();
  return {
    tunnels: proxy.tunnels,
    client(env: NodeJS.ProcessEnv, options: RegistryOptions = {}): RegistryClient {
      const proxied = { ...home.env, HTTPS_PROXY: proxy.url, ...env };
      return new RegistryClient({ retry, ca: [TEST_AUTHORITY], ...options, env: proxied });
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
