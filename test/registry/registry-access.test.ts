import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { RegistryClient } from "../../src/registry/registry-client.ts";
import { startModelRegistry } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeModel } from "../support/tiny-models.ts";
import { runBundle } from "../cli/run-bundle.ts";
import { serve } from "./serve.ts";
import { OTHER_AUTHORITY, TEST_AUTHORITY, TEST_SERVER } from "./test-authority.ts";
import { TEST_CERTIFICATE } from "./test-certificate.ts";

const cleanup = new AsyncDisposableStack();
let store = "";

beforeAll(async () => {
  store = cleanup.use(await temporaryDirectory()).path;
  await writeModel(store, { name: "tiny" });
  await writeModel(store, { name: "big", size: 20_000_000 });
});
afterAll(() => cleanup.disposeAsync());

const retry = { retries: 2, firstDelayMs: 1, maxDelayMs: 2 };
const request = {
  reference: "latest",
  accept: "application/json",
  maxSize: 1000,
  what: 'the manifest of "m"',
  ifMissing: 'Cannot find model "m"',
};

test("pulls over HTTPS from a registry whose certificate a private authority signed", async () => {
  await using place = await startSecure({});
  const result = await pullInProcess([place.registry.url, place.staging, "big"], {
    NODE_EXTRA_CA_CERTS: place.certificate,
  });
  expect(result).toEqual({ blobs: 4 });
});

test("names NODE_EXTRA_CA_CERTS where a certificate is not trusted, and does not try again", async () => {
  await using place = await startSecure({});
  expect(await pullInProcess([place.registry.url, place.staging, "tiny"], {})).toMatchObject({
    code: "UNREACHABLE",
    message: expect.stringContaining(`Cannot reach ${place.registry.url}/v2/library/tiny/`),
    hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
  });
});

test("pulls from a registry whose certificate the authority in --ca signed, beside all that is trusted else", async () => {
  await using place = await startSecure({ tls: TEST_SERVER });
  const staging = ["--image", "none", "--staging", place.staging];
  const from = ["--models", "tiny", "--model-registry", place.registry.url, ...staging];
  const create = async (authority: string) => {
    await writeFile(place.certificate, authority);
    const args = ["create", ...from, "--ca", place.certificate, "-o", `${place.staging}.tar.gz`];
    return runBundle(args, { env: { HOME: place.staging } });
  };
  expect(await create(OTHER_AUTHORITY)).toMatchObject({
    exitCode: 3,
    stderr: expect.stringMatching(/^hint: .* with --ca or in NODE_EXTRA_CA_CERTS/m),
  });
  expect(await create("no certificate")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("expected certificates in PEM, there is none in it"),
  });
  expect(await create(TEST_AUTHORITY)).toMatchObject({ exitCode: 0 });
});

test("never goes from HTTPS to HTTP", async () => {
  const redirect = {
    on: { kind: "manifest" },
    effect: {
      type: "status",
      status: 307,
      headers: { Location: "http://plain.example/m?sig=secret" },
    },
  } as const;
  await using place = await startSecure({ faults: [redirect] });
  const result = await pullInProcess([place.registry.url, place.staging, "tiny"], {
    NODE_EXTRA_CA_CERTS: place.certificate,
  });
  expect(result).toMatchObject({
    code: "REFUSED",
    message: expect.stringContaining("it redirects to http://plain.example/m, which is not HTTPS"),
  });
  expect(JSON.stringify(result)).not.toContain("secret");
});

test("goes through the proxy of the environment, and not where NO_PROXY excepts the host", async () => {
  const seen: string[] = [];
  await using proxy = await serve((incoming, response) => {
    seen.push(incoming.url ?? "");
    response.end("{}");
  });
  const repository = { base: new URL("http://registry.example/"), path: "library/m" };
  const proxied = new RegistryClient({ retry, env: { HTTP_PROXY: proxy.url } });
  expect(String(await proxied.manifest(repository, request, {}))).toBe("{}");
  expect(seen).toEqual(["http://registry.example/v2/library/m/manifests/latest"]);

  await using registry = await serve((_, response) => void response.end('{"direct":1}'));
  const direct = new RegistryClient({
    retry,
    env: { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" },
  });
  const nearby = { base: new URL(registry.url), path: "library/m" };
  expect(String(await direct.manifest(nearby, request, {}))).toBe('{"direct":1}');
});

test("takes a token to the registry, even after a redirect there, and to nobody else", async () => {
  const seen: (string | undefined)[] = [];
  await using other = await serve((incoming, response) => {
    seen.push(incoming.headers.authorization);
    response.end("{}");
  });
  await using registry = await serve((incoming, response) => {
    const { url = "", headers } = incoming;
    if (url.startsWith("/token")) {
      response.end('{"access_token":"t"}');
    } else if (headers.authorization === undefined) {
      const realm = `http://${headers.host}/token`;
      const challenge = `Bearer realm="${realm}",service="s",scope="repository:library/m:pull"`;
      response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    } else {
      seen.push(headers.authorization);
      const location = url.endsWith("/latest") ? "/v2/library/m/manifests/moved" : other.url;
      response.writeHead(302, { Location: location }).end();
    }
  });
  const repository = { base: new URL(registry.url), path: "library/m" };
  await new RegistryClient({ retry }).manifest(repository, request, {});
  expect(seen).toEqual(["Bearer t", "Bearer t", undefined]);
});

test("says who leads to a host that cannot be reached: a firewall may let only the registry through", async () => {
  await using registry = await serve((_, response) => {
    response.writeHead(307, { Location: "http://127.0.0.1:1/blob?sig=secret" }).end();
  });
  const base = new URL(registry.url);
  const client = new RegistryClient({ retry, env: {} });
  const asked = client.manifest({ base, path: "library/m" }, request, {});
  await expect(asked).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: `Cannot reach http://127.0.0.1:1/blob (${base.host} leads there): connect ECONNREFUSED 127.0.0.1:1`,
  });
});

test("says of a registry on plain HTTP in one line that it speaks no TLS", async () => {
  await using registry = await serve((_, response) => void response.end("{}"));
  const base = new URL(registry.url.replace("http:", "https:"));
  const client = new RegistryClient({ retry, env: {} });
  await expect(client.manifest({ base, path: "m" }, request, {})).rejects.toMatchObject({
    message: `Cannot reach ${base.href}v2/m/manifests/latest: TLS fails: wrong version number`,
    hint: expect.stringContaining(`--insecure-registry ${base.host}`),
  });
});

test.each(["registry.example", "localhost", "127.0.0.1:5000", "[::1]:5000", "my_host:80"])(
  "takes %s as a host that is asked over HTTP",
  (host) => {
    expect(new RegistryClient({ insecureHosts: [host] }).baseOf(host).protocol).toBe("http:");
  },
);

test.each([
  ["http://registry.example:5000", '"http://registry.example:5000"'],
  ["registry.example/v2", '"registry.example/v2"'],
  ["registry.example:port", '"registry.example:port"'],
  ["two hosts", '"two hosts"'],
  ["", '""'],
  ["http://user:secret@registry.example/?token=secret", '"http://registry.example/"'],
  ["user:secret@registry.example", '"…"'],
])("refuses %j as a host that is asked over HTTP, since it would match none", (host, shown) => {
  const insecure = () => new RegistryClient({ insecureHosts: ["registry.example", host] });
  expect(insecure).toThrow(
    expect.objectContaining({
      code: "USAGE",
      message: `Cannot use ${shown} as an insecure registry: expected a host or host:port, without http://`,
      hint: expect.stringContaining("--insecure-registry registry.example:5000"),
    }),
  );
});

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const hostile: Record<string, { readonly answer: (url: URL) => Answer; readonly says: RegExp }> = {
  "that redirects in circles": {
    answer: ({ href }) => ({ status: 302, headers: { Location: href } }),
    says: /redirects more than 8 times/,
  },
  "that redirects to a file": {
    answer: () => ({ status: 302, headers: { Location: "file:///etc/passwd" } }),
    says: /redirects to file:\/\/\/etc\/passwd, which is not HTTPS/,
  },
  "whose manifest never ends": {
    answer: () => ({ body: "x".repeat(1001) }),
    says: /larger than 1000 bytes/,
  },
  "whose token endpoint gives no token": {
    answer: ({ pathname, origin }) => {
      if (pathname === "/token") return { body: "{}" };
      return { status: 401, headers: { "WWW-Authenticate": `Bearer realm="${origin}/token"` } };
    },
    says: /the answer holds none/,
  },
  "whose token no header can have": {
    answer: ({ pathname, origin }) => {
      if (pathname === "/token") return { body: '{"token":"a\\r\\nHost: b"}' };
      return { status: 401, headers: { "WWW-Authenticate": `Bearer realm="${origin}/token"` } };
    },
    says: /the answer holds none/,
  },
  "that wants a password": {
    answer: () => ({
      status: 401,
      headers: { "WWW-Authenticate": "Basic realm=x" },
      body: "who are you",
    }),
    says: /answers 401: who are you/,
  },
};

test.each(Object.entries(hostile))("gives up on a registry %s", async (_, { answer, says }) => {
  await using registry = await serve((incoming, response) => {
    const url = new URL(incoming.url ?? "", `http://${incoming.headers.host}`);
    const { status = 200, headers = {}, body = "" } = answer(url);
    response.writeHead(status, headers).end(body);
  });
  const repository = { base: new URL(registry.url), path: "library/m" };
  const client = new RegistryClient({ retry });
  const error = await client.manifest(repository, request, {}).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: "SourceError", message: expect.stringMatching(says) });
  expect(error).not.toMatchObject({ hint: expect.stringContaining("--insecure-registry") });
});

test("refuses at once to wait for more than ten minutes, with the registry's own words", async () => {
  let asked = 0;
  await using registry = await serve((_, response) => {
    asked += 1;
    response.writeHead(429, { "Retry-After": "100000" }).end("come back tomorrow");
  });
  const repository = { base: new URL(registry.url), path: "library/m" };
  const client = new RegistryClient({ retry });
  await expect(client.manifest(repository, request, {})).rejects.toMatchObject({
    code: "UNREACHABLE",
    exitCode: 3,
    message: expect.stringMatching(
      /answers 429: come back tomorrow; it asks to wait 100,000 seconds$/,
    ),
  });
  expect(asked).toBe(1);
});

test("tells how long it waits where a registry asks for more than a few seconds", async () => {
  await using registry = await serve((_, response) => {
    response.writeHead(429, { "Retry-After": "90" }).end("slow down");
  });
  const repository = { base: new URL(registry.url), path: "library/m" };
  const client = new RegistryClient({ retry });
  const told = new AbortController();
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent): void => {
    events.push(event);
    told.abort();
  };
  const pull = client.manifest(repository, request, { signal: told.signal, onProgress });
  await expect(pull).rejects.toMatchObject({ name: "AbortError" });
  expect(events).toEqual([
    {
      kind: "warning",
      text: expect.stringMatching(/^Trying again in 90 seconds: .* answers 429: slow down$/),
    },
  ]);
});

async function startSecure(options: Partial<Parameters<typeof startModelRegistry>[0]>) {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const certificate = join(path, "ca.pem");
  await writeFile(certificate, TEST_CERTIFICATE.cert);
  const registry = stack.use(
    await startModelRegistry({ store, tls: TEST_CERTIFICATE, ...options }),
  );
  const running = stack.move();
  return {
    registry,
    certificate,
    staging: join(path, "staging"),
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

async function pullInProcess(args: readonly string[], env: NodeJS.ProcessEnv): Promise<unknown> {
  const program = join(import.meta.dirname, "pull-program.ts");
  const output = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { env: { ...process.env, ...env } },
      (_, stdout) => resolve(stdout),
    );
  });
  return JSON.parse(output);
}
