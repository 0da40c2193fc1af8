import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ended, runBundle } from "../cli/run-bundle.ts";
import { auth, loginHome } from "../registry/login-home.ts";
import { OTHER_AUTHORITY, TEST_AUTHORITY } from "../registry/test-authority.ts";
import { TEST_KEY } from "../registry/test-ollama-key.ts";
import { AMD64, imageOf } from "../source/image-place.ts";
import { pushImage } from "../source/push-image.ts";
import { pushModel } from "../source/push-model.ts";
import { uniqueName } from "../support/built-image.ts";
import { describeEngine } from "../support/hosts.ts";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { writeModel } from "../support/tiny-models.ts";
import { REGISTRY_LOGIN, startPrivateRegistry } from "./support/private-registry.ts";
import { DockerHost } from "./support/docker-host.ts";
import { PROXY_LOGIN, startTinyproxy } from "./support/tinyproxy.ts";

const DOCKER = ".docker/config.json";
const HF_TOKEN = "hf_secret_word";
const { username, password } = REGISTRY_LOGIN;
/** None of these, nor what stands for them on the wire, may be anywhere. */
const SECRETS = [
  password,
  auth(username, password).auth,
  PROXY_LOGIN.password,
  auth(PROXY_LOGIN.username, PROXY_LOGIN.password).auth,
  HF_TOKEN,
  ...TEST_KEY.split("\n").slice(1, 5),
];

describeEngine("docker-20.10", "a registry with a login and a private authority", (engine) => {
  let place: Awaited<ReturnType<typeof openPlace>>;
  beforeAll(async () => void (place = await openPlace()), 60_000);
  afterAll(() => place[Symbol.asyncDispose]());

  test("gives image and models through a proxy with a login, and no secret is anywhere afterwards", async () => {
    const { home, proxy, model, image, run } = place;
    const env = { HTTPS_PROXY: proxy.address(), HF_TOKEN };
    const what = [
      "--models",
      model,
      "--image",
      `docker://${image}`,
      "--ollama-key",
      place.at("key"),
    ];
    const plan = await run(["create", ...what, "--dry-run", "--log", place.at("log")], env);
    const created = await run(["create", ...what, "--json", "--log", place.at("log")], env);
    expect(created).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(created.stdout).bundle).toMatchObject({
      images: [{ reference: image, ollamaVersion: "0.24.0" }],
      models: [{ name: model }],
    });
    expect(new Set(proxy.tunnels())).toEqual(new Set([place.registry.host]));
    await using server = await startOllamaStandIn({ models: place.at("models") });
    const into = [
      "--models-in",
      "native",
      "--store",
      place.at("models"),
      "--ollama-url",
      server.url,
    ];
    const state = { XDG_STATE_HOME: place.at("state") };
    const installed = await run(["install", "bundle.tar.gz", ...into, "--json"], state);
    expect(installed).toMatchObject({ exitCode: 0 });
    const files = await filesIn(home.path, ["staging", "state", "models"]);
    const bundle = gunzipSync(await readFile(place.at("bundle.tar.gz")));
    expect(files.length).toBeGreaterThan(10);
    for (const { stdout, stderr } of [plan, created, installed]) expectNoSecret(stdout + stderr);
    for (const content of [await readFile(place.at("log")), bundle, ...files])
      expectNoSecret(content);
  });

  test("is asked past a dead proxy where NO_PROXY excepts it", async () => {
    const env = { HTTPS_PROXY: "http://127.0.0.1:1" };
    const args = ["create", "--models", place.model, "--image", "none", "--dry-run", "-o", "none"];
    const dead = await place.run(args, env);
    expect(dead).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("through the proxy http://127.0.0.1:1"),
    });
    const { host } = place.registry;
    for (const noProxy of ["127.0.0.1", host, "*"])
      expect(await place.run(args, { ...env, NO_PROXY: noProxy })).toMatchObject({ exitCode: 0 });
  });

  test("is not reached through a proxy that refuses its login, and what to write is said", async () => {
    const args = ["create", "--models", place.model, "--image", "none", "--dry-run", "-o", "none"];
    const refused = await place.run(args, { HTTPS_PROXY: place.proxy.address("wrong-word") });
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toMatch(
      new RegExp(
        `^error: Cannot reach https://${place.registry.host}/.* through the proxy http://${place.proxy.host}: .*40[17]`,
        "m",
      ),
    );
    expect(refused.stderr).toMatch(/^hint: The proxy wants a login/m);
    expect(refused.stderr).not.toContain("wrong-word");
  });

  test("is not trusted with another authority", async () => {
    await writeFile(place.at("other.pem"), OTHER_AUTHORITY);
    const args = ["create", "--models", place.model, "--image", "none", "--dry-run", "-o", "none"];
    const refused = await place.run([...args, "--ca", place.at("other.pem")]);
    expect(refused).toMatchObject({ exitCode: 3 });
    expect(refused.stderr).toMatch(/^hint: .*--ca/m);
  });

  test("refuses a login that is wrong, and says in which file it is", async () => {
    await using other = await loginHome({
      [DOCKER]: { auths: { [place.registry.host]: auth(username, "wrong-word") } },
    });
    const args = ["create", "--models", place.model, "--image", "none", "--dry-run", "-o", "none"];
    const refused = await place.run(args, { HOME: other.path });
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain(
      `answers 401: authentication required; it was asked with the login in "${join(other.path, DOCKER)}"`,
    );
    expect(refused.stderr).toContain(`docker login ${place.registry.host}`);
    expect(refused.stderr).not.toContain("wrong-word");
  });

  test("gives the engine its image by the login of docker, and refuses it without", async () => {
    const docker = new DockerHost(engine);
    const args = [
      "create",
      "--models",
      "none",
      "--image",
      `docker-daemon:${place.image}`,
      "--force",
    ];
    const env = { DOCKER_HOST: engine.dockerHost };
    try {
      await using stranger = await loginHome();
      const refused = await place.run(args, { ...env, HOME: stranger.path });
      expect(refused.exitCode).toBe(3);
      expect(refused.stderr).toMatch(/^error: .*; it was asked without a login: none for/m);
      const log = place.at("engine.log");
      const created = await place.run([...args, "--log", log], env);
      expect(created).toMatchObject({ exitCode: 0 });
      expectNoSecret(created.stdout + created.stderr + (await readFile(log, "utf8")));
    } finally {
      await docker.remove({ images: [place.image] });
    }
  });
});

async function openPlace() {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await loginHome());
  const at = (name: string) => join(home.path, name);
  const registry = stack.use(await startPrivateRegistry(home.path));
  const proxy = stack.use(await startTinyproxy(home.path));
  const store = at("store");
  await writeModel(store, { name: "tiny", namespace: "team" });
  const manifestPath = "manifests/registry.ollama.ai/team/tiny/latest";
  await pushModel(`${registry.open}/v2/team/tiny`, "latest", { store, manifestPath });
  const layers = imageOf(AMD64, [uniqueName(), "b".repeat(100_000)]);
  await pushImage(`${registry.open}/v2/team/ollama`, "0.24.0", [layers]);
  await writeFile(at("ca.pem"), TEST_AUTHORITY);
  await writeFile(at("key"), TEST_KEY);
  const login = loginHome({ [DOCKER]: { auths: { [registry.host]: auth(username, password) } } });
  const withLogin = stack.use(await login);
  const run = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ended> => {
    const isCreate = args[0] === "create";
    const always = isCreate ? ["--ca", at("ca.pem"), "--staging", at("staging")] : [];
    const [command = "", ...rest] = args;
    return runBundle([command, ...always, ...rest], {
      cwd: home.path,
      env: { HOME: withLogin.path, ...env },
    });
  };
  const open = stack.move();
  return {
    home,
    at,
    registry,
    proxy,
    model: `${registry.host}/team/tiny:latest`,
    image: `${registry.host}/team/ollama:0.24.0`,
    run,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function filesIn(root: string, names: readonly string[]): Promise<readonly Buffer[]> {
  const files: Buffer[] = [];
  for (const name of names) {
    const entries = await readdir(join(root, name), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile()))
      files.push(await readFile(join(entry.parentPath, entry.name)));
  }
  return files;
}

function expectNoSecret(content: string | Buffer): void {
  const found = SECRETS.filter((secret) => Buffer.from(content).includes(secret));
  expect(found).toEqual([]);
}
